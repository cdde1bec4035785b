/**
 * Grows isolation trees with ml-isolation-forest and keeps its defects away: each tree is a forest of one, trained
 * on its own sample; a split on a column that is constant in its node is thrown away and the node's rows are given to
 * the library again with only the columns that vary among them; the height limit and the leaves are ours.
 */
import { IsolationForest } from 'ml-isolation-forest';
import { averagePathLength } from './path-length.js';

export interface LeafNode {
  readonly size: number;
}
export interface SplitNode {
  readonly size: number;
  readonly feature: number;
  /** Rows with a value below go left, the others right. */
  readonly threshold: number;
  readonly left: GrownNode;
  readonly right: GrownNode;
}
export type GrownNode = LeafNode | SplitNode;

/** The inside of the library's trees; its typings do not show it. */
interface LibraryNode {
  readonly left?: LibraryNode;
  readonly right?: LibraryNode;
  readonly splitColumn: number;
  readonly splitValue: number;
}

/** How often a node's rows are given back to the library before the node is made a leaf. */
const ATTEMPTS_MAX = 64;

/**
 * @param rows a sample, at least one row, all finite; draws from Math.random, which the caller has seeded
 * @returns a tree of at most ⌈log2(rows)⌉ levels of splits (Liu, Ting, Zhou 2008, algorithm 2)
 */
export function growTree(rows: readonly Float64Array[]): GrownNode {
  return grow(rows, Math.ceil(Math.log2(Math.max(rows.length, 2))), 0);
}

function grow(rows: readonly Float64Array[], levels: number, attempt: number): GrownNode {
  if (rows.length <= 1 || levels === 0 || attempt > ATTEMPTS_MAX) return { size: rows.length };
  const columns = varyingColumns(rows);
  if (columns.length === 0) return { size: rows.length };
  const forest = new IsolationForest({ nEstimators: 1 });
  forest.train(rows.map((row) => columns.map((column) => row[column] as number)));
  return convert(forest.forest[0] as LibraryNode, columns, rows, levels, attempt);
}

function convert(
  node: LibraryNode,
  columns: readonly number[],
  rows: readonly Float64Array[],
  levels: number,
  attempt: number,
): GrownNode {
  if (rows.length <= 1 || levels === 0) return { size: rows.length };
  // The library stopped at its own limit, or split where nothing varies: ask it again, with this node's rows alone.
  if (node.left === undefined || node.right === undefined) return grow(rows, levels, attempt + 1);
  const feature = columns[node.splitColumn] as number;
  const below = rows.filter((row) => (row[feature] as number) < node.splitValue);
  if (below.length === 0 || below.length === rows.length) return grow(rows, levels, attempt + 1);
  const above = rows.filter((row) => (row[feature] as number) >= node.splitValue);
  return {
    size: rows.length,
    feature,
    threshold: node.splitValue,
    left: convert(node.left, columns, below, levels - 1, 0),
    right: convert(node.right, columns, above, levels - 1, 0),
  };
}

/** Columns with at least two values and a range that a double can hold. */
function varyingColumns(rows: readonly Float64Array[]): number[] {
  const [first] = rows;
  const columns: number[] = [];
  for (let column = 0; column < (first?.length ?? 0); column++) {
    let min = Infinity;
    let max = -Infinity;
    for (const row of rows) {
      const value = row[column] as number;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (max > min && Number.isFinite(max - min)) columns.push(column);
  }
  return columns;
}

/**
 * All trees as flat arrays. A node's right child stands behind its left one; a leaf points at itself with a
 * threshold that nothing reaches, so that a walk of fixed length needs no branch (see forest-kernel).
 */
export interface ForestArrays {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  /** At a leaf: its depth plus the average path length of its points. 0 elsewhere. */
  readonly path: Float64Array;
  /** Training points that reached the node. */
  readonly size: Int32Array;
  /** First node of each tree. */
  readonly root: Int32Array;
  /** Levels of splits of each tree. */
  readonly depth: Int32Array;
}

export function flattenForest(trees: readonly GrownNode[]): ForestArrays {
  const feature: number[] = [];
  const threshold: number[] = [];
  const left: number[] = [];
  const path: number[] = [];
  const size: number[] = [];
  const root: number[] = [];
  const depth: number[] = [];
  for (const tree of trees) {
    root.push(feature.length);
    let deepest = 0;
    reserve(1);
    const open: { node: GrownNode; at: number; level: number }[] = [
      { node: tree, at: feature.length - 1, level: 0 },
    ];
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const { node, at, level } = next;
      size[at] = node.size;
      deepest = Math.max(deepest, level);
      if (!('left' in node)) {
        left[at] = at;
        path[at] = level + averagePathLength(node.size);
        continue;
      }
      feature[at] = node.feature;
      threshold[at] = node.threshold;
      left[at] = feature.length;
      reserve(2);
      open.push({ node: node.left, at: feature.length - 2, level: level + 1 });
      open.push({ node: node.right, at: feature.length - 1, level: level + 1 });
    }
    depth.push(deepest);
  }
  return {
    feature: Int32Array.from(feature),
    threshold: Float64Array.from(threshold),
    left: Int32Array.from(left),
    path: Float64Array.from(path),
    size: Int32Array.from(size),
    root: Int32Array.from(root),
    depth: Int32Array.from(depth),
  };

  function reserve(count: number): void {
    for (let i = 0; i < count; i++) {
      feature.push(0);
      threshold.push(Infinity);
      left.push(0);
      path.push(0);
      size.push(0);
    }
  }
}
