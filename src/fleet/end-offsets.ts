import { setTimeout as delay } from 'node:timers/promises';
import { OutriderError, UnreadableBatchError } from '../errors.js';
import type { TaskStatus } from '../pipeline/task-context.js';
import type { OffsetReader } from '../ports.js';

const POLL_INTERVAL_MS = 100;

/** By partition, the offset that has to be committed; partitions without records are not among them. */
export async function endOffsets(offsets: OffsetReader, topic: string): Promise<ReadonlyMap<number, number>> {
  const ranges = await offsets.range(topic);
  return new Map(
    [...ranges].filter(([, { low, high }]) => high > low).map(([partition, { high }]) => [partition, high]),
  );
}

/**
 * Resolves once the group has committed every one of these ends, whoever owns the partitions.
 * @param tasks those that the asker knows of: where one stands before a batch that cannot be read there is nothing more
 *   to be waited for
 * @throws UnreadableBatchError when all that is missing is behind such batches
 */
export async function untilCommitted(
  offsets: OffsetReader,
  group: string,
  topic: string,
  ends: ReadonlyMap<number, number>,
  signal: AbortSignal,
  tasks: () => readonly TaskStatus[] = () => [],
): Promise<void> {
  for (;;) {
    const committed = await offsets.committed(group, topic).catch(whenItPasses);
    if (committed !== null) {
      const missing = [...ends]
        .filter(([partition, end]) => (committed.get(partition)?.offset ?? -1) < end)
        .map(([partition]) => partition);
      if (missing.length === 0) return;
      const walls = unreadables(tasks());
      const [first = 0] = missing;
      if (missing.every((partition) => walls.has(partition)))
        throw new UnreadableBatchError(`${walls.get(first) ?? ''}${others(missing.length - 1)}`);
    }
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}

/** By partition, those that have committed all that can be read, and why there is no more. */
function unreadables(tasks: readonly TaskStatus[]): ReadonlyMap<number, string> {
  return new Map(
    tasks.flatMap(({ partition, unreadable, position, committed }) =>
      unreadable !== null && committed === position ? [[partition, unreadable] as const] : [],
    ),
  );
}

function others(count: number): string {
  return count === 0 ? '' : ` (the same of ${count} more partition${count === 1 ? '' : 's'})`;
}

/** A broker that is away for a while is asked again. */
function whenItPasses(error: unknown): null {
  if (error instanceof OutriderError && error.retriable) return null;
  throw error;
}
