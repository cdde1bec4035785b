import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { KafkaAdmin } from '../kafka/admin.js';

const POLL_INTERVAL_MS = 200;
const MARGIN_MS = 2000;

/**
 * Waits for the members of a group to be gone: those of a process that was killed stay for the length of their session,
 * and a worker that lost its supervisor may first take its time to stop. Where they died in a rebalance a session ends
 * before the next begins, so that it counts anew from each change: members that live do not change.
 * @returns how many there are still; 0 when the group is free
 */
export async function whenIdle(
  admin: KafkaAdmin,
  group: string,
  {
    kafka: { sessionTimeoutMs, rebalanceTimeoutMs },
    fleet: { shutdownTimeoutMs },
  }: Pick<Config, 'kafka' | 'fleet'>,
  log: Logger,
  signal: AbortSignal,
): Promise<number> {
  const waitMs = shutdownTimeoutMs + sessionTimeoutMs + MARGIN_MS;
  const started = performance.now();
  let seen = '';
  for (let changedAtMs = started; ;) {
    const { state, memberIds } = await admin.membership(group);
    const members = memberIds.length;
    if (members === 0) return 0;
    if (seen === '')
      log.warn({ group, members }, 'waiting for the members of a run that has ended, or for their sessions');
    const now = `${state} ${memberIds.join(' ')}`;
    if (now !== seen) changedAtMs = performance.now();
    seen = now;
    const isOver = performance.now() > started + rebalanceTimeoutMs + 2 * waitMs;
    if (performance.now() > changedAtMs + waitMs || isOver) return members;
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}
