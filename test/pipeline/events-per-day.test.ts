/** How many events there are in a day, from the times of some. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TimedEvents, eventsPerDay } from '../../src/pipeline/events-per-day.js';
import { offsetsIn, sampleBlocks } from '../../src/pipeline/sample-blocks.js';
import { sampledEvents } from '../../src/pipeline/sampled-events.js';

const DAY_MS = 86_400_000;
const START = 1_700_000_000_000;
const all = (times: Float64Array): TimedEvents => ({ times, sampled: null });
const every = (ms: number, rows: number): TimedEvents =>
  all(Float64Array.from({ length: rows }, (_, i) => START + i * ms));

test('evenly spaced events, in any order', () => {
  assert.equal(eventsPerDay([every(DAY_MS / 1440, 1000)]), 1440);
  assert.equal(eventsPerDay([all(every(DAY_MS / 1440, 1000).times.reverse())]), 1440);
  assert.equal(eventsPerDay([every(DAY_MS, 2)]), 1);
});

test('a few wild times do not matter', () => {
  const { times } = every(DAY_MS / 1440, 1000);
  times.set([1, 2, 3, Date.parse('9999-01-01'), Date.parse('9999-01-02')], 500);
  const rate = eventsPerDay([all(times)]) ?? 0;
  assert.ok(Math.abs(rate - 1440) < 15, `${rate}`);
});

test('the rates of partitions add up, also where the last events of a quiet one reach further back', () => {
  const rate = eventsPerDay([every(DAY_MS / 1000, 500), every(DAY_MS / 10, 500)]) ?? 0;
  assert.ok(Math.abs(rate - 1010) < 1e-6, `${rate}`);
});

test('without a span there is no rate; a partition without one takes that of the others', () => {
  assert.equal(eventsPerDay([]), null);
  assert.equal(eventsPerDay([all(new Float64Array(0))]), null);
  assert.equal(eventsPerDay([all(Float64Array.of(START))]), null);
  assert.equal(eventsPerDay([all(new Float64Array(50).fill(START))]), null);
  const rate = eventsPerDay([every(DAY_MS / 100, 101), all(Float64Array.of(START))]) ?? 0;
  assert.ok(rate > 100.9 && rate < 101.2, `${rate}`);
});

/** What a sample of a partition says whose event at an offset has a time, or none where the log has a hole. */
function sampled(offsets: number, sample: number, seed: number, timeAt: (offset: number) => number | null) {
  const range = { from: 1000, to: 1000 + offsets };
  const blocks = sampleBlocks(new Map([[0, range]]), sample, seed).get(0) ?? [];
  const rows: [number, number][] = [];
  for (const { from, to } of blocks)
    for (let offset = from; offset < to; offset++) {
      const time = timeAt(offset - range.from);
      if (time !== null) rows.push([offset, time]);
    }
  const ofRows = sampledEvents(
    rows.map(([offset]) => offset),
    blocks,
    range,
  );
  return { times: Float64Array.from(rows, ([, time]) => time), sampled: ofRows };
}

test('of a sample: the rate of the whole range, not of the blocks, nor as if there were nothing between them', () => {
  for (let seed = 0; seed < 50; seed++) {
    const events = sampled(300_000, 4000, seed, (offset) => START + offset * (DAY_MS / 1440));
    assert.equal(events.times.length, 4000);
    const rate = eventsPerDay([events]) ?? 0;
    assert.ok(Math.abs(rate - 1440) < 1e-3, `seed ${seed}: ${rate}`);
    assert.ok(Math.abs(events.sampled.events - 300_000) < 1e-3);
  }
});

test('of a sample with holes, denser in one half and out of order: near what all of its events say', () => {
  const isThere = (offset: number): boolean => offset >= 100_000 || offset % 10 === 0;
  // 10,000 and then 100,000 events in 200 days, every other one up to an hour late, some of them wild.
  const timeAt = (offset: number): number | null => {
    if (!isThere(offset)) return null;
    if (offset % 1000 === 0) return offset % 2000 === 0 ? 1 : Date.parse('9999-01-01');
    return START + (offset / 1000) * DAY_MS + (offset % 2) * 3_600_000;
  };
  const whole = sampled(200_000, 200_000, 0, timeAt);
  assert.equal(whole.sampled.events, 110_000);
  const wanted = eventsPerDay([all(whole.times)]) ?? 0;
  for (let seed = 0; seed < 50; seed++) {
    const events = sampled(200_000, 5000, seed, timeAt);
    const rate = eventsPerDay([events]) ?? 0;
    assert.ok(Math.abs(rate - wanted) < 0.08 * wanted, `seed ${seed}: ${rate}, all ${wanted}`);
    const found = events.sampled.events;
    assert.ok(Math.abs(found - 110_000) < 6000, `seed ${seed}: ${found} events`);
  }
});

test('of a sample of events whose times have nothing to do with their order', () => {
  for (let seed = 0; seed < 50; seed++) {
    const events = sampled(100_000, 5000, seed, (offset) => START + ((offset * 7919) % 100_000) * 864);
    const rate = eventsPerDay([events]) ?? 0;
    assert.ok(Math.abs(rate - 100_000) < 12_000, `seed ${seed}: ${rate}`);
  }
});

test('a sample that is the whole range says what all of its events say', () => {
  const timeAt = (offset: number): number | null => (offset % 3 === 0 ? null : START + offset * 1000);
  const events = sampled(5000, 5000, 1, timeAt);
  assert.deepEqual([...events.sampled.ranks], [...events.times.keys()]);
  assert.equal(events.sampled.events, events.times.length);
  assert.equal(eventsPerDay([events]), eventsPerDay([all(events.times)]));
});

test('a sampled partition without a span counts with all its events', () => {
  const frozen = sampled(30_000, 1000, 3, () => START);
  const moving = sampled(30_000, 1000, 3, (offset) => START + offset * (DAY_MS / 30_000));
  const rate = eventsPerDay([frozen, moving]) ?? 0;
  assert.ok(Math.abs(rate - 60_000) < 3000, `${rate}`);
  assert.equal(offsetsIn([{ from: 5, to: 3 }]), 0);
});
