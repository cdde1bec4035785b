import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePartitionList, parsePartitionRanges } from '../../src/replay/request/partition-ranges.js';

const offset = fc.option(fc.integer({ min: 0, max: 999_999_999_999_999 }));
const range = fc
  .record({ from: offset, to: offset }, { noNullPrototype: true })
  .filter(({ from, to }) => from === null || to === null || from <= to);
const ranges = fc
  .dictionary(fc.integer({ min: 0, max: 999_999 }).map(String), range, { minKeys: 1, maxKeys: 8 })
  .map((by) => new Map(Object.entries(by).map(([partition, each]) => [Number(partition), each])));

test('ranges of offsets come back as they were written', () => {
  fc.assert(
    fc.property(ranges, (wanted) => {
      const text = [...wanted].map(([partition, { from, to }]) => `${partition}:${from ?? ''}-${to ?? ''}`);
      assert.deepEqual(parsePartitionRanges(text.join(',')), wanted);
    }),
  );
  assert.deepEqual(
    parsePartitionRanges('0:100-900,3:50-'),
    new Map([
      [0, { from: 100, to: 900 }],
      [3, { from: 50, to: null }],
    ]),
  );
  assert.deepEqual(parsePartitionRanges('1:5-5'), new Map([[1, { from: 5, to: 5 }]]), 'nothing of it');
});

test('a fault in ranges of offsets is a message that names the part', () => {
  for (const [text, part, message] of [
    ['', "''", /PARTITION:FROM-TO/],
    ['0:1-2,', "''", /PARTITION:FROM-TO/],
    ['0', "'0'", /PARTITION:FROM-TO/],
    ['0:100', "'0:100'", /PARTITION:FROM-TO/],
    ['0:1-2, 1:1-2', "' 1:1-2'", /PARTITION:FROM-TO/],
    ['0:1-2,x:1-2', "'x:1-2'", /PARTITION:FROM-TO/],
    ['-1:1-2', "'-1:1-2'", /PARTITION:FROM-TO/],
    ['0:1.5-2', "'0:1.5-2'", /PARTITION:FROM-TO/],
    ['0:1-9999999999999999', "'0:1-9999999999999999'", /PARTITION:FROM-TO/],
    ['1000000:-', "'1000000:-'", /at most 999999/],
    ['0:1-2,1:3-4,0:5-6', "'0:5-6'", /named twice/],
    ['0:1-2,1:900-100', "'1:900-100'", /900 is after 100/],
  ] as const)
    assertFault(parsePartitionRanges(text), part, message);
});

test('a list of partitions is the set that it names', () => {
  assert.deepEqual(parsePartitionList('0,2-5'), new Set([0, 2, 3, 4, 5]));
  assert.deepEqual(parsePartitionList('7-7'), new Set([7]));
  const group = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 6 }), (groups) => {
      const wanted = groups.flatMap(([first, more]) => Array.from({ length: more + 1 }, (_, i) => first + i));
      const text = groups.map(([first, more]) => (more === 0 ? `${first}` : `${first}-${first + more}`));
      const parsed = parsePartitionList(text.join(','));
      if (new Set(wanted).size === wanted.length) assert.deepEqual(parsed, new Set(wanted));
      else assertFault(parsed, "'", /named twice/);
    }),
  );
});

test('a fault in a list of partitions is a message that names the part', () => {
  for (const [text, part, message] of [
    ['', "''", /neither/],
    ['1,,2', "''", /neither/],
    ['1,a', "'a'", /neither/],
    ['3-', "'3-'", /neither/],
    ['1-2-3', "'1-2-3'", /neither/],
    ['0,5-2', "'5-2'", /5 is after 2/],
    ['0,2-5,3', "'3'", /partition 3 is named twice/],
    ['0-1000000', "'0-1000000'", /at most 999999/],
  ] as const)
    assertFault(parsePartitionList(text), part, message);
});

function assertFault(parsed: unknown, part: string, message: RegExp): void {
  assert.equal(typeof parsed, 'string');
  assert.match(parsed as string, message);
  assert.ok((parsed as string).includes(part), parsed as string);
}
