import { UsageError } from '../errors.js';
import { plural } from '../plural.js';

/**
 * Of what is known by partition, that of the partitions that are wanted, in order.
 * @param wanted null for all
 * @throws UsageError for one that the topic does not have
 */
export function concernedPartitions<T>(
  topic: string,
  wanted: readonly number[] | null,
  known: ReadonlyMap<number, T>,
): readonly (readonly [partition: number, T])[] {
  const unknown = wanted?.find((partition) => !known.has(partition));
  if (unknown !== undefined)
    throw new UsageError(
      `--partitions: topic ${topic} has no partition ${unknown}; it has ${plural(known.size, 'partition')}, from 0 on`,
    );
  return [...known]
    .filter(([partition]) => wanted === null || wanted.includes(partition))
    .sort(([a], [b]) => a - b);
}
