/**
 * Brings a distance to [0, 1): raw / (raw + scale), so that a distance of `scale` is 0.5 and one of infinity 1.
 * Rising, also as it is rounded; distances tie from about 2^53 times the scale on.
 * @param raw at least 0
 * @param scale above 0; a typical distance, see typical-distance.ts
 */
export function unitScore(raw: number, scale: number): number {
  // Each step of this form keeps the order when it is rounded, and none gives infinity / infinity.
  return 1 / (1 + scale / raw);
}
