/** How long a replay waits for the members of the run before it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.js';
import type { GroupMembership, KafkaAdmin } from '../../src/kafka/admin.js';
import { TIME_OUT_DEFAULTS } from '../../src/kafka/time-outs.js';
import { whenIdle } from '../../src/replay/group-idle.js';
import { log } from '../support/scenario.js';

const TIMES = {
  kafka: { ...TIME_OUT_DEFAULTS, sessionTimeoutMs: 200, rebalanceTimeoutMs: 300 },
  fleet: { shutdownTimeoutMs: 800 },
} as unknown as Config;
const { signal } = new AbortController();

/** A group that is one thing after the other. @param steps each until so many ms after the start */
function group(...steps: readonly (readonly [untilMs: number, state: string, ...members: string[]])[]) {
  const started = performance.now();
  const membership = (): Promise<GroupMembership> => {
    const [, state, ...memberIds] = steps.find(([untilMs]) => performance.now() - started < untilMs) ?? [
      0,
      'Empty',
    ];
    return Promise.resolve({ state, memberIds });
  };
  return { membership } as unknown as KafkaAdmin;
}

const members = (admin: KafkaAdmin): Promise<number> => whenIdle(admin, 'g', TIMES, log, signal);

test('members that died in a rebalance end one after the other; those that live stay as they are', async () => {
  const [dead, alive, flapping] = await Promise.all([
    members(group([2500, 'PreparingRebalance', 'a', 'b'], [5000, 'Stable', 'b'])),
    members(group([Infinity, 'Stable', 'a', 'b'])),
    members(group(...Array.from({ length: 40 }, (_, i) => [500 * i, 'Stable', `m${i}`] as const))),
  ]);
  assert.equal(dead, 0);
  assert.equal(alive, 2);
  assert.equal(flapping, 1, 'it does not wait for ever');
});
