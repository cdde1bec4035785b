/** How far a partition was read, through one range after the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RangeCursor } from '../../src/kafka/range-cursor.js';

test('whatever comes at a time, each offset of the ranges is wanted once, and no other', () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 2, maxLength: 12 });
  const answers = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(cuts, answers, (places, lengths) => {
      const sorted = places.sort((a, b) => a - b);
      const ranges = sorted
        .map((from, index) => ({ from, to: sorted[index + 1] ?? from }))
        .filter((_, index) => index % 2 === 0);
      const cursor = new RangeCursor(ranges);
      const wanted: number[] = [];
      for (let turn = 0; !cursor.isDone; turn++) {
        const [first, next] = [cursor.position, cursor.position + (lengths[turn % lengths.length] as number)];
        assert.ok(
          ranges.some(({ from, to }) => first >= from && first < to),
          'a fetch begins in a range',
        );
        // An answer may begin with what was had before.
        for (let offset = Math.max(0, first - 3); offset < next; offset++)
          if (cursor.wants(offset)) wanted.push(offset);
        cursor.advance(next);
      }
      const all = ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
      assert.deepEqual(wanted, all);
    }),
  );
});

test('nothing to read is done at once; without an end it is never done', () => {
  assert.ok(new RangeCursor([]).isDone);
  assert.ok(new RangeCursor([{ from: 5, to: 5 }]).isDone);
  const endless = new RangeCursor([{ from: 5, to: Infinity }]);
  assert.ok(endless.isEndless);
  endless.advance(2 ** 50);
  assert.ok(!endless.isDone && endless.wants(2 ** 50) && !endless.wants(7));
});
