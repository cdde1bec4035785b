import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaAdmin } from '../../kafka/admin.js';
import { SETTLE_TIMEOUT_MS } from '../../kafka/time-outs.js';
import { type KnownReplay, knownReplay } from '../known-replays.js';

const POLL_INTERVAL_MS = 100;

/**
 * A replay of which somebody says that it was started. Its plan was committed in a transaction, and what a transaction
 * committed shows a little later than its end is acknowledged: where nothing is seen it is asked for again.
 * @returns null where there is none
 */
export async function startedReplay(
  admin: KafkaAdmin,
  group: string,
  topic: string,
  id: string,
  signal: AbortSignal,
): Promise<KnownReplay | null> {
  const deadlineMs = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const replay = await knownReplay(admin, group, topic, id);
    if (replay !== null || performance.now() > deadlineMs) return replay;
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}
