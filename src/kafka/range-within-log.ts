import { UsageError } from '../errors.js';
import type { OffsetRange } from '../model.js';
import type { LogRange } from '../ports.js';
import type { KafkaAdmin } from './admin.js';
import { type Bound, resolveBounds } from './offset-bounds.js';

/**
 * The offsets of bounds, by partition, where there is something between them. A partition that retention has cut behind
 * the start, or that ends before it, gives what it has.
 * @returns empty ranges where the whole log is empty
 * @throws UsageError naming what the log holds, where `from` is an offset that no partition has, `from` is behind `to`,
 * or nothing lies between; other OutriderErrors of the broker
 */
export async function rangeWithinLog(
  admin: KafkaAdmin,
  topic: string,
  bounds: { readonly from: Bound; readonly to: Bound },
): Promise<ReadonlyMap<number, OffsetRange>> {
  const log = await admin.range(topic);
  const held = [...log.values()];
  const refused = (why: string): UsageError => new UsageError(`topic ${topic}: ${why}; ${saidHeld(log)}`);
  const { from, to } = await resolveBounds(admin, topic, bounds);
  const ranges = new Map(
    [...from].map(([partition, start]) => [partition, { from: start, to: to.get(partition) ?? start }]),
  );
  if (held.every(({ low, high }) => low === high)) return ranges;
  if (typeof bounds.from === 'object' && 'offset' in bounds.from) {
    const { offset } = bounds.from;
    if (!held.some(({ low, high }) => offset >= low && offset < high))
      throw refused(`--from ${offset} is outside the log`);
  }
  const all = [...ranges.values()];
  if (all.every((range) => range.from >= range.to))
    throw refused(
      isBehind(bounds.from, bounds.to) || all.some((range) => range.from > range.to)
        ? '--from is behind --to'
        : 'there is nothing between --from and --to',
    );
  return ranges;
}

/** Of two offsets or two times, also where the log has neither. */
function isBehind(from: Bound, to: Bound): boolean {
  if (typeof from !== 'object' || typeof to !== 'object') return false;
  if ('offset' in from) return 'offset' in to && from.offset > to.offset;
  return 'timeMs' in to && from.timeMs > to.timeMs;
}

function saidHeld(log: ReadonlyMap<number, LogRange>): string {
  const partitions = [...log]
    .sort(([a], [b]) => a - b)
    .map(([partition, { low, high }]) =>
      low === high
        ? `partition ${partition} nothing`
        : `partition ${partition} offsets ${low} to ${high - 1}`,
    );
  return `it holds of ${partitions.join(', of ')}`;
}
