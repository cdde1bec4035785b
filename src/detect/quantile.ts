/** Interpolated between the two nearest, as R's type 7 and numpy do. */
export function quantileOf(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low * (1 - (at - below)) + high * (at - below);
}
