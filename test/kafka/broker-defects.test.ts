import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defectsAmong } from '../../src/kafka/broker-defects.js';
import { releaseLine } from '../../src/kafka/release-line.js';

/** The highest versions that the releases speak: of Produce (key 0), Fetch (1) and DescribeLogDirs (35). */
const SPOKEN = {
  '3.8.1': [11, 16, 4],
  '3.9.1': [11, 17, 4],
  '4.0.0': [12, 17, 4],
  '4.2.1': [13, 18, 4],
  '4.3.1': [13, 18, 5],
} as const;

const lineOf = (release: keyof typeof SPOKEN): ReturnType<typeof releaseLine> => {
  const [produce, fetch, describeLogDirs] = SPOKEN[release];
  return releaseLine({
    0: { maxVersion: produce },
    1: { maxVersion: fetch },
    35: { maxVersion: describeLogDirs },
  });
};

test('a broker’s release line is told by the versions that it speaks', () => {
  assert.equal(lineOf('3.8.1'), 'before 3.9');
  assert.equal(lineOf('3.9.1'), '3.9');
  assert.equal(lineOf('4.0.0'), '4.0 to 4.2');
  assert.equal(lineOf('4.2.1'), '4.0 to 4.2');
  assert.equal(lineOf('4.3.1'), '4.3 or later');
  assert.equal(releaseLine({}), 'before 3.9');
});

test('a cluster has the defects of each of its brokers; the newest without one is 4.2', () => {
  const found = defectsAmong(
    new Map([
      [1, lineOf('4.3.1')],
      [2, lineOf('4.2.1')],
      [3, lineOf('3.9.1')],
      [4, lineOf('3.8.1')],
      [5, lineOf('4.3.1')],
    ]),
  );
  assert.deepEqual(
    found.map(({ defect: { issue, level }, nodes }) => [issue, level, nodes]),
    [
      ['KAFKA-17507', 'fault', [4]],
      ['KAFKA-17507', 'warning', [3]],
      ['KAFKA-20734', 'warning', [1, 5]],
    ],
  );
  assert.deepEqual(defectsAmong(new Map([[1, lineOf('4.2.1')]])), []);
});
