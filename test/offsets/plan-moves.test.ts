import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionStanding, totalLag } from '../../src/offsets/group-standing.js';
import type { OffsetTarget } from '../../src/offsets/offset-target.js';
import { type MoveSituation, planMove, reckonMoves } from '../../src/offsets/plan-moves.js';

const at = (offset: number): { offset: number; metadata: string } => ({ offset, metadata: '' });
const base: MoveSituation = { partition: 2, committed: at(30), range: { low: 10, high: 50 }, atTime: null };

const next = (target: OffsetTarget, change: Partial<MoveSituation> = {}): number | null =>
  planMove(target, { ...base, ...change }).next;
const notes = (target: OffsetTarget, change: Partial<MoveSituation> = {}): readonly string[] =>
  planMove(target, { ...base, ...change }).notes;

test('each target is an offset of the partition', () => {
  assert.deepEqual(planMove('earliest', base), { partition: 2, now: 30, next: 10, notes: [] });
  assert.equal(next('latest'), 50);
  assert.equal(next('current'), 30);
  assert.equal(next({ offset: 42 }), 42);
  assert.equal(next({ shiftBy: -7 }), 23);
  assert.equal(next({ shiftBy: 7 }), 37);
  assert.equal(next({ timeMs: 1 }, { atTime: 17 }), 17);
});

test('both ends of the log can be had, and nothing beyond them', () => {
  for (const offset of [10, 50]) assert.deepEqual(planMove({ offset }, base).notes, []);
  assert.equal(next({ offset: 9 }), 10);
  assert.deepEqual(notes({ offset: 9 }), ['9 is not in the log, which starts at 10']);
  assert.equal(next({ offset: 51 }), 50);
  assert.deepEqual(notes({ offset: 51 }), ['51 is not in the log, which ends at 50']);
  assert.equal(next({ shiftBy: -31 }), 10);
  assert.deepEqual(notes({ shiftBy: -31 }), ['-1 is not in the log, which starts at 10']);
  assert.equal(next({ shiftBy: 21 }), 50);
});

test('an offset that retention has passed comes back into the log', () => {
  assert.equal(next('current', { committed: at(3) }), 10);
  assert.deepEqual(notes('current', { committed: at(3) }), ['3 is not in the log, which starts at 10']);
  assert.equal(next('current', { committed: at(60) }), 50);
});

test('a partition without an offset gets one where one can be told', () => {
  const none = { committed: null };
  assert.deepEqual(planMove('earliest', { ...base, ...none }), {
    partition: 2,
    now: null,
    next: 10,
    notes: ['had no offset'],
  });
  assert.equal(next('current', none), 50);
  assert.equal(next({ offset: 12 }, none), 12);
  assert.equal(next({ shiftBy: -5 }, none), null);
  assert.match(notes({ shiftBy: -5 }, none).join(), /left as it is/);
});

test('a time after the last event is the end, and that is said', () => {
  assert.equal(next({ timeMs: 1 }, { atTime: 50 }), 50);
  assert.match(notes({ timeMs: 1 }, { atTime: 50 }).join(), /no event at or after/);
  assert.equal(next({ timeMs: 1 }, { atTime: null }), 50);
  assert.deepEqual(notes({ timeMs: 1 }, { atTime: 49 }), []);
  assert.deepEqual(notes({ timeMs: 1 }, { atTime: 0, range: { low: 0, high: 0 } }), []);
});

test('what is read again and what is passed over are added up apart', () => {
  const moves = [
    planMove({ offset: 20 }, base),
    planMove({ offset: 45 }, base),
    planMove({ offset: 20 }, { ...base, committed: null }),
    planMove({ shiftBy: 1 }, { ...base, committed: null }),
  ];
  assert.deepEqual(reckonMoves(moves), { again: 10, skipped: 15 });
});

test('where a group stands is told with what is odd about it', () => {
  const range = { low: 10, high: 50 };
  assert.deepEqual(partitionStanding(1, at(30), range, 50), {
    partition: 1,
    committed: 30,
    start: 10,
    end: 50,
    highWatermark: 50,
    lag: 20,
    notes: [],
  });
  assert.deepEqual(partitionStanding(1, null, range, 50).notes, ['no offset yet']);
  assert.match(
    partitionStanding(1, at(4), range, 50).notes.join(),
    /no longer in the log: offsets 4 to 9 are gone/,
  );
  const beyond = partitionStanding(1, at(60), range, 50);
  assert.equal(beyond.lag, 0);
  assert.match(beyond.notes.join(), /ends before the committed offset/);
  assert.match(
    partitionStanding(1, at(50), range, 57).notes.join(),
    /open transaction .* offsets 50 to 56 wait/,
  );
  // Asked for before: more has been written since.
  const grown = partitionStanding(1, at(50), range, 48);
  assert.deepEqual(grown.notes, []);
  assert.equal(grown.highWatermark, 50);
});

test('the lag in all is that of the partitions that have one', () => {
  const range = { low: 0, high: 50 };
  const known = [partitionStanding(0, at(30), range, 50), partitionStanding(1, at(45), range, 50)];
  assert.equal(totalLag([...known, partitionStanding(2, null, range, 50)]), 25);
  assert.equal(totalLag([partitionStanding(2, null, range, 50)]), null);
});
