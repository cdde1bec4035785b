/** Of an even count the mean of the two in the middle; NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = sorted.length % 2 === 0 ? upper - 1 : upper;
  return ((sorted[lower] ?? NaN) + (sorted[upper] ?? NaN)) / 2;
}

/** The median, and how far the others are apart. */
export function spread(numbers: readonly number[]): {
  readonly median: number;
  readonly min: number;
  readonly max: number;
} {
  if (numbers.length === 0) return { median: NaN, min: NaN, max: NaN };
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}
