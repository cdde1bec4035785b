const EULER_GAMMA = 0.5772156649015329;

/**
 * Average path length of an unsuccessful search in a binary search tree of n points, which normalises isolation
 * depths: Liu, Ting, Zhou, "Isolation Forest" (ICDM 2008), equation 1, with H(i) ≈ ln(i) + γ.
 * @param n points, 0 or more
 */
export function averagePathLength(n: number): number {
  if (n <= 1) return 0;
  if (n === 2) return 1;
  return 2 * (Math.log(n - 1) + EULER_GAMMA) - (2 * (n - 1)) / n;
}
