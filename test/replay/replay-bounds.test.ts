/** What the bounds of a replay are in offsets, and which of them are refused, with words that help. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { type WrittenBounds, parseReplayBounds } from '../../src/replay/request/replay-bounds.js';
import type { LogRange } from '../../src/ports.js';
import { resolveRange } from '../../src/replay/plan/resolve-range.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;

/** Partition 0 holds 100 to 989, one event a minute; the newest is ten minutes old. */
const LOGS = new Map<number, LogRange>([
  [0, { low: 100, high: 990 }],
  [1, { low: 0, high: 50 }],
]);
const minuteOf = (offset: number): number => NOW - (1000 - offset) * 60_000;
const atTime = (timeMs: number): ReadonlyMap<number, number> => {
  const first = (low: number, high: number): number => {
    for (let offset = low; offset < high; offset++) if (minuteOf(offset) >= timeMs) return offset;
    return high;
  };
  return new Map([
    [0, first(100, 990)],
    [1, timeMs <= NOW - 5 * HOUR ? 0 : 50],
  ]);
};

function ranges(
  written: WrittenBounds,
  more: { clip?: boolean; live?: ReadonlyMap<number, number | null> } = {},
): Record<number, [number, number]> {
  const bounds = parseReplayBounds(written, NOW);
  assert.ok(bounds !== null);
  const found = resolveRange({
    topic: 't',
    bounds,
    logs: LOGS,
    atTime,
    livePositions: more.live ?? null,
    clip: more.clip ?? false,
  });
  return Object.fromEntries([...found].map(([partition, { from, to }]) => [partition, [from, to]]));
}

const refusal = (written: WrittenBounds, message: RegExp, more?: Parameters<typeof ranges>[1]): void => {
  assert.throws(
    () => ranges(written, more),
    (error: unknown) => error instanceof UsageError && message.test(error.message),
    JSON.stringify(written),
  );
};

test('ends, offsets and times; latest is the last stable offset', () => {
  assert.deepEqual(ranges({ from: 'earliest' }), { 0: [100, 990], 1: [0, 50] });
  assert.deepEqual(ranges({ from: '200', to: '300', partitions: '0' }), { 0: [200, 300] });
  assert.deepEqual(ranges({ from: '2h', to: '1h', partitions: '0' }), { 0: [880, 940] });
  assert.deepEqual(ranges({ from: '2026-03-01T11:00:00Z', to: 'latest' }), { 0: [940, 990], 1: [50, 50] });
  assert.deepEqual(ranges({ from: 'latest' }), { 0: [990, 990], 1: [50, 50] });
  assert.deepEqual(ranges({ from: '6h', to: '2099-01-01' }), { 0: [640, 990], 1: [0, 50] });
});

test('ranges of partitions, open at either end', () => {
  assert.deepEqual(ranges({ offsets: '0:100-900,1:7-' }), { 0: [100, 900], 1: [7, 50] });
  assert.deepEqual(ranges({ offsets: '0:-200' }), { 0: [100, 200] });
  assert.deepEqual(ranges({ offsets: '1:5-5' }), { 1: [5, 5] });
});

test('the wrong way round, outside the log, and partitions that are not there, are refused', () => {
  refusal({ from: '300', to: '200' }, /--from 300 is after --to 200/);
  refusal({ from: '1h', to: '2h' }, /--from 1h is after --to 2h/);
  refusal({ from: 'latest', to: 'earliest' }, /is after/);
  refusal({ from: 'latest', to: '300' }, /is after/);
  refusal(
    { from: '950', to: '2h', partitions: '0' },
    /partition 0: the range begins at 950 .* ends before it, at 880/,
  );
  refusal({ from: '99', partitions: '0' }, /partition 0: offset 99 is not retained, the log starts at 100/);
  refusal({ from: '100', to: '991', partitions: '0' }, /partition 0: offset 991 .* ends at 990/);
  refusal({ from: '200' }, /partition 1: offset 200 is past what can be read, which ends at 50/);
  refusal({ from: 'earliest', partitions: '0,2' }, /no partition 2: it has 2, from 0 to 1/);
  refusal({ offsets: '7:1-2' }, /no partition 7/);
  refusal({ offsets: '0:900-100' }, /--offsets: '0:900-100': 900 is after 100/);
  refusal({ offsets: '0:1-2', from: '3' }, /goes without --from/);
  refusal({ to: '3' }, /--from is missing/);
  refusal({ from: 'yesterday' }, /--from 'yesterday': earliest, latest/);
  refusal({ from: 'earliest', partitions: '2-0' }, /--partitions/);
});

test('events that a time asks for and retention may have deleted are an error that names the earliest, but for --clip', () => {
  refusal({ from: '24h' }, /partition 0: the log starts at offset 100, and events from 2026-02-28T12:00/);
  assert.deepEqual(ranges({ from: '24h', partitions: '1' }), { 1: [0, 50] }, 'nothing was deleted there');
});

test('--clip takes what there is of bounds that reach beyond the log', () => {
  assert.deepEqual(ranges({ from: '0', to: '5000' }, { clip: true }), { 0: [100, 990], 1: [0, 50] });
  assert.deepEqual(ranges({ from: '24h' }, { clip: true }), { 0: [100, 990], 1: [0, 50] });
  assert.deepEqual(ranges({ offsets: '0:0-50' }, { clip: true }), { 0: [100, 100] });
});

test('a backfill ends where the live group is', () => {
  const live = new Map([
    [0, 500],
    [1, null],
  ]);
  assert.deepEqual(ranges({ from: 'earliest' }, { live }), { 0: [100, 500], 1: [0, 50] });
  assert.deepEqual(ranges({ from: '100', to: '500', partitions: '0' }, { live }), { 0: [100, 500] });
  refusal({ from: '100', to: '501', partitions: '0' }, /the live group goes on at 500/, { live });
});

test('whatever is asked for: a range inside the log, or a refusal', () => {
  const bound = fc.oneof(
    fc.constantFrom('earliest', 'latest'),
    fc.integer({ min: 0, max: 1200 }).map(String),
    fc.integer({ min: 0, max: 30 }).map((hours) => `${hours}h`),
  );
  fc.assert(
    fc.property(bound, bound, fc.boolean(), (from, to, clip) => {
      let found: Record<number, [number, number]>;
      try {
        found = ranges({ from, to }, { clip });
      } catch (error) {
        assert.ok(error instanceof UsageError);
        return;
      }
      for (const [partition, [start, end]] of Object.entries(found)) {
        const { low, high } = LOGS.get(Number(partition)) as LogRange;
        assert.ok(low <= start && start <= end && end <= high, `${from} ${to}: ${start}-${end}`);
      }
    }),
  );
});
