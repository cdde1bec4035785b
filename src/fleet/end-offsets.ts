import { setTimeout as delay } from 'node:timers/promises';
import { OutriderError } from '../errors.js';
import type { OffsetReader } from '../ports.js';

const POLL_INTERVAL_MS = 100;

/** By partition, the offset that has to be committed; partitions without records are not among them. */
export async function endOffsets(offsets: OffsetReader, topic: string): Promise<ReadonlyMap<number, number>> {
  const ranges = await offsets.range(topic);
  return new Map(
    [...ranges].filter(([, { low, high }]) => high > low).map(([partition, { high }]) => [partition, high]),
  );
}

/** Resolves once the group has committed every one of these ends, whoever owns the partitions. */
export async function untilCommitted(
  offsets: OffsetReader,
  group: string,
  topic: string,
  ends: ReadonlyMap<number, number>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const committed = await offsets.committed(group, topic).catch(whenItPasses);
    if (
      committed !== null &&
      [...ends].every(([partition, end]) => (committed.get(partition)?.offset ?? -1) >= end)
    )
      return;
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}

/** A broker that is away for a while is asked again. */
function whenItPasses(error: unknown): null {
  if (error instanceof OutriderError && error.retriable) return null;
  throw error;
}
