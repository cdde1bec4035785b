import { parseDateTime, parseDuration } from '../time-text.js';
import type { KafkaAdmin } from './admin.js';

/** A place in a topic: an end of the log, an offset, or the first record at or after a time (Unix ms). */
export type Bound = 'earliest' | 'latest' | { readonly offset: number } | { readonly timeMs: number };

/**
 * `earliest`, `latest`, an offset (`1200`), an ISO time (UTC where it names no zone), or a duration ago (`2h`, `30m`,
 * `P1DT12H`).
 * @returns null for anything else
 */
export function parseBound(text: string, nowMs: number): Bound | null {
  if (text === 'earliest' || text === 'latest') return text;
  if (/^\d{1,15}$/.test(text)) return { offset: Number(text) };
  const agoMs = parseDuration(text);
  if (agoMs !== null) return { timeMs: Math.floor(nowMs - agoMs) };
  const timeMs = parseDateTime(text);
  return timeMs === null ? null : { timeMs };
}

/**
 * The offsets of bounds, by partition, within what is retained: `from` is read, `to` is not any more.
 * @throws OutriderError
 */
export async function resolveBounds(
  admin: KafkaAdmin,
  topic: string,
  bounds: { readonly from: Bound; readonly to: Bound },
): Promise<{ readonly from: ReadonlyMap<number, number>; readonly to: ReadonlyMap<number, number> }> {
  const ranges = await admin.range(topic);
  const resolve = async (bound: Bound): Promise<ReadonlyMap<number, number>> => {
    const atTime =
      typeof bound === 'object' && 'timeMs' in bound ? await admin.atTime(topic, bound.timeMs) : null;
    return new Map(
      [...ranges].map(([partition, { low, high }]) => {
        if (bound === 'earliest') return [partition, low];
        if (bound === 'latest') return [partition, high];
        const offset = 'offset' in bound ? bound.offset : (atTime?.get(partition) ?? high);
        return [partition, Math.min(Math.max(offset, low), high)];
      }),
    );
  };
  return { from: await resolve(bounds.from), to: await resolve(bounds.to) };
}

/** Offsets in ranges by partition: as many records at most, fewer where compaction or transactions left gaps. */
export function recordsBetween(from: ReadonlyMap<number, number>, to: ReadonlyMap<number, number>): number {
  return [...to].reduce((sum, [partition, end]) => sum + end - (from.get(partition) ?? end), 0);
}
