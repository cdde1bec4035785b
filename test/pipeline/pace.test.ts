/** So many events a second, and who waits for that is seen to wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../src/pipeline/pace.js';

test('while it holds events back it says so: whoever waits does not stand still', async () => {
  let nowMs = 0;
  const pace = new Pace(1, () => nowMs);
  const { signal } = new AbortController();
  assert.equal(pace.isHolding, false);
  await pace.take(1, signal);
  nowMs = 999;
  assert.equal(pace.isHolding, true);
  nowMs = 1000;
  assert.equal(pace.isHolding, false);
});
