import type { GrownNode } from '../../../src/detect/forest/forest-arrays.js';

/** Numbers at which kernels could differ. */
export const EDGE_VALUES = [
  0,
  -0,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  1e-310,
  Number.EPSILON,
  1,
  1 + Number.EPSILON,
  -1,
  1.7e308,
  -1.7e308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
];

/** A tree of any shape, whose thresholds come from `thresholds`. */
export function randomTree(
  random: () => number,
  width: number,
  levels: number,
  thresholds: readonly number[],
  size = 256,
): GrownNode {
  if (levels === 0 || size < 2 || random() < 0.1) return { size };
  const below = 1 + Math.floor(random() * (size - 1));
  return {
    size,
    feature: Math.floor(random() * width),
    threshold: thresholds[Math.floor(random() * thresholds.length)] as number,
    left: randomTree(random, width, levels - 1, thresholds, below),
    right: randomTree(random, width, levels - 1, thresholds, size - below),
  };
}
