/**
 * A distance as a score: raw / (raw + scale), so that the scale's distance scores 0.5. Rises with the distance and
 * keeps different ones apart as far as doubles can.
 * @param raw at least 0, Infinity allowed
 * @param scale above 0, finite
 * @returns in [0, 1]
 */
export function unitScore(raw: number, scale: number): number {
  return raw === Infinity ? 1 : raw / (raw + scale);
}
