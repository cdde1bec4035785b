/** Rows at either end of a partition's times that are left out, as a share. */
const TRIMMED = 0.05;
const DAY_MS = 86_400_000;

/**
 * How many events there are in a day, from the times of some of them: of each partition the middle nine tenths, so that
 * a few wild times (a clock at 1970, a year 9999) do not matter, divided by the time between the first and the last of
 * those; the rates of all partitions are added, because the last events of a quiet one reach further back. Events of a
 * partition without a span (all of one time) count as if they came in the longest span of the others.
 * @param times Unix ms, by partition, in any order
 * @returns null where no partition has a span
 */
export function eventsPerDay(times: Iterable<Float64Array>): number | null {
  let perMs = 0;
  let longestMs = 0;
  let spanless = 0;
  for (const ofPartition of times) {
    const sorted = ofPartition.slice().sort();
    const trimmed = Math.floor(sorted.length * TRIMMED);
    const [from, to] = [trimmed, sorted.length - 1 - trimmed];
    const spanMs = to > from ? (sorted[to] as number) - (sorted[from] as number) : 0;
    if (spanMs > 0) {
      perMs += (to - from) / spanMs;
      longestMs = Math.max(longestMs, spanMs / (1 - 2 * TRIMMED));
    } else spanless += sorted.length;
  }
  return longestMs === 0 ? null : (perMs + spanless / longestMs) * DAY_MS;
}
