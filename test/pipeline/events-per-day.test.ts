/** How many events there are in a day, from the times of some. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsPerDay } from '../../src/pipeline/events-per-day.js';

const DAY_MS = 86_400_000;
const START = 1_700_000_000_000;
const every = (ms: number, rows: number): Float64Array =>
  Float64Array.from({ length: rows }, (_, i) => START + i * ms);

test('evenly spaced events, in any order', () => {
  assert.equal(eventsPerDay([every(DAY_MS / 1440, 1000)]), 1440);
  assert.equal(eventsPerDay([every(DAY_MS / 1440, 1000).reverse()]), 1440);
  assert.equal(eventsPerDay([every(DAY_MS, 2)]), 1);
});

test('a few wild times do not matter', () => {
  const times = every(DAY_MS / 1440, 1000);
  times.set([1, 2, 3, Date.parse('9999-01-01'), Date.parse('9999-01-02')], 500);
  const rate = eventsPerDay([times]) ?? 0;
  assert.ok(Math.abs(rate - 1440) < 15, `${rate}`);
});

test('the rates of partitions add up, also where the last events of a quiet one reach further back', () => {
  const rate = eventsPerDay([every(DAY_MS / 1000, 500), every(DAY_MS / 10, 500)]) ?? 0;
  assert.ok(Math.abs(rate - 1010) < 1e-6, `${rate}`);
});

test('without a span there is no rate; a partition without one takes that of the others', () => {
  assert.equal(eventsPerDay([]), null);
  assert.equal(eventsPerDay([new Float64Array(0)]), null);
  assert.equal(eventsPerDay([Float64Array.of(START)]), null);
  assert.equal(eventsPerDay([new Float64Array(50).fill(START)]), null);
  const rate = eventsPerDay([every(DAY_MS / 100, 101), Float64Array.of(START)]) ?? 0;
  assert.ok(rate > 100.9 && rate < 101.2, `${rate}`);
});
