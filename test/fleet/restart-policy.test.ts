import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartPolicy } from '../../src/fleet/restart-policy.js';

const WEEK_MS = 604_800_000;

test('restarts back off exponentially with jitter and forget after a minute of health', () => {
  const policy = new RestartPolicy(250, () => 1);
  assert.deepEqual(
    [1, 1, 1, 1].map((livedMs) => policy.delayMs('died', livedMs)),
    [250, 500, 1000, 2000],
  );
  assert.equal(policy.delayMs('died', 60_000), 250);
  assert.equal(new RestartPolicy(250, () => 0).delayMs('died', 0), 125);
});

test('a worker that stalls again and again waits longer and longer, however long it lived', () => {
  const policy = new RestartPolicy(250, () => 1);
  const lives = [75_000, 75_000, 75_000, WEEK_MS, 75_000, 75_000, 75_000, 75_000, 75_000];
  assert.deepEqual(
    lives.map((livedMs) => policy.delayMs('stalled', livedMs)),
    [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  );
  assert.equal(policy.delayMs('died', 60_000), 250, 'a life that ended otherwise was healthy');
});

test('who was asked to leave is replaced at once; who leaves as soon as it is there is not', () => {
  const policy = new RestartPolicy(250, () => 1);
  assert.equal(policy.delayMs('left', 5000), 0);
  assert.deepEqual(
    [0, 100, 4999].map((livedMs) => policy.delayMs('left', livedMs)),
    [250, 500, 1000],
  );
  assert.equal(policy.delayMs('left', 5000), 0);
});
