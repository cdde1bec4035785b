/** What a worker of a replay says of itself to those who watch whether it moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.js';
import type { KnownReplay } from '../../src/replay/known-replays.js';
import { type ReplayMissionOptions, replayMission } from '../../src/replay/worker/replay-mission.js';
import { log } from '../support/scenario.js';

test('a worker that its rate holds back is busy, and no other is: none of them stands still for that', async () => {
  const { signal } = new AbortController();
  const options: ReplayMissionOptions = {
    config: {} as Config,
    liveGroup: 'g',
    replay: {
      id: 'slow',
      spec: { mode: 'own', entity: null, takenBack: null },
      partitions: [],
    } as unknown as KnownReplay,
    clip: false,
    eventsPerSecondMax: 0.01,
    clock: () => 0,
    log,
    signal,
  };
  const slow = replayMission(options);
  assert.equal(slow.isBusy(), false);
  await slow.pace?.take(1, signal);
  assert.equal(slow.isBusy(), true);
  assert.equal(replayMission({ ...options, eventsPerSecondMax: null }).isBusy(), false);
});
