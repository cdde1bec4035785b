import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { KafkaAdmin } from '../kafka/admin.js';

const POLL_INTERVAL_MS = 200;
const MARGIN_MS = 2000;

/**
 * Waits for the members of a group to be gone: those of a process that was killed stay for the length of their session,
 * and a worker that lost its supervisor may first take its time to stop.
 * @returns how many there are still; 0 when the group is free
 */
export async function whenIdle(
  admin: KafkaAdmin,
  group: string,
  { kafka, fleet }: Pick<Config, 'kafka' | 'fleet'>,
  log: Logger,
  signal: AbortSignal,
): Promise<number> {
  const deadlineMs = performance.now() + fleet.shutdownTimeoutMs + kafka.sessionTimeoutMs + MARGIN_MS;
  for (let told = false; ; told = true) {
    const members = await admin.memberCount(group);
    if (members === 0 || performance.now() > deadlineMs) return members;
    if (!told)
      log.warn({ group, members }, 'waiting for the members of a run that has ended, or for their sessions');
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}
