/** Rows at either end of a partition's times that are left out, as a share. */
const TRIMMED = 0.05;
const DAY_MS = 86_400_000;

/** Times of a partition's events. */
export interface TimedEvents {
  /** Unix ms, in any order. */
  readonly times: Float64Array;
  /** Where these are a sample of more events: what sampledEvents says, as many ranks as times. Null: they are all. */
  readonly sampled: { readonly ranks: Float64Array; readonly events: number } | null;
}

/**
 * How many events there are in a day, from the times of some of them: of each partition the middle nine tenths, so that
 * a few wild times (a clock at 1970, a year 9999) do not matter, divided by the time between the first and the last of
 * those; the rates of all partitions are added, because the last events of a quiet one reach further back. Events of a
 * partition without a span (all of one time) count as if they came in the longest span of the others. Of a sample the
 * events between the first and the last time are those of the range that it was drawn from, as the ranks of the first and
 * the last place say; the gaps in it are not taken for quiet times, nor its blocks for all there was.
 * @returns null where no partition has a span
 */
export function eventsPerDay(partitions: Iterable<TimedEvents>): number | null {
  let perMs = 0;
  let longestMs = 0;
  let spanless = 0;
  for (const { times, sampled } of partitions) {
    const sorted = times.slice().sort();
    const trimmed = Math.floor(sorted.length * TRIMMED);
    const [from, to] = [trimmed, sorted.length - 1 - trimmed];
    const spanMs = to > from ? (sorted[to] as number) - (sorted[from] as number) : 0;
    const events = sampled?.events ?? sorted.length;
    if (spanMs > 0) {
      const between =
        sampled === null ? to - from : (sampled.ranks[to] as number) - (sampled.ranks[from] as number);
      perMs += between / spanMs;
      longestMs = Math.max(longestMs, (spanMs * events) / between);
    } else spanless += events;
  }
  return longestMs === 0 ? null : (perMs + spanless / longestMs) * DAY_MS;
}
