import { type Box, boxOf } from './box.js';
import type { GrownNode } from './forest-arrays.js';
import { scalarProduct } from './scalar-product.js';

/** Hyperplanes of a forest, row-major, planes × width. A feature that is constant in the plane's node has 0 in `normal`. */
export interface Hyperplanes {
  readonly width: number;
  readonly normal: number[];
  /** A point of the plane. */
  readonly intercept: number[];
}

/** How often a hyperplane with all rows on one side is drawn again before the node is made a leaf. */
const ATTEMPTS_MAX = 64;

/**
 * Grows a tree of an extended isolation forest, fully extended: Hariri, Kind, Brunner, "Extended Isolation Forest"
 * (IEEE TKDE 2019), algorithm 2. The slope is drawn from N(0, 1) for each feature, the intercept uniformly from the
 * node's box. Two things are added. Each feature is measured in its range in the node, so that none counts for more
 * because of its unit; and a plane with all rows on one side is drawn again, as it isolates nothing.
 *
 * @param rows a sample, at least one row, all finite
 * @param planes takes the tree's hyperplanes; `feature` of a split is the number of its plane, `threshold` the scalar
 * product of normal and intercept
 */
export function growExtendedTree(
  rows: readonly Float64Array[],
  random: () => number,
  planes: Hyperplanes,
): GrownNode {
  return grow(rows, Math.ceil(Math.log2(Math.max(rows.length, 2))), random, planes);
}

function grow(
  rows: readonly Float64Array[],
  levels: number,
  random: () => number,
  planes: Hyperplanes,
): GrownNode {
  const leaf = { size: rows.length };
  if (rows.length <= 1 || levels === 0) return leaf;
  const box = boxOf(rows);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { normal, intercept } = drawPlane(box, random);
    const threshold = dot(normal, intercept);
    const below = rows.filter((row) => dot(normal, row) < threshold);
    if (below.length === 0 || below.length === rows.length || !Number.isFinite(threshold)) continue;
    const above = rows.filter((row) => !(dot(normal, row) < threshold));
    const feature = planes.normal.length / planes.width;
    planes.normal.push(...normal);
    planes.intercept.push(...intercept);
    return {
      size: rows.length,
      feature,
      threshold,
      left: grow(below, levels - 1, random, planes),
      right: grow(above, levels - 1, random, planes),
    };
  }
  return leaf;
}

function drawPlane(
  { min, max, varying }: Box,
  random: () => number,
): { normal: Float64Array; intercept: Float64Array } {
  const normal = new Float64Array(min.length);
  const intercept = min.slice();
  for (const column of varying) {
    const low = min[column] as number;
    const range = (max[column] as number) - low;
    const slope = gaussian(random) / range;
    // A range below 1e-308 has no reciprocal.
    if (!Number.isFinite(slope)) continue;
    normal[column] = slope;
    intercept[column] = low + random() * range;
  }
  return { normal, intercept };
}

function dot(normal: Float64Array, row: Float64Array): number {
  return scalarProduct(normal, 0, row, 0, normal.length);
}

/** One of N(0, 1), by Box and Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
