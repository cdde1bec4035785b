/**
 * Grows isolation trees with ml-isolation-forest and keeps its defects away: each tree is a forest of one, trained
 * on its own sample; a split on a column that is constant in its node is thrown away and the node's rows are given to
 * the library again with only the columns that vary among them; the height limit and the leaves are ours.
 */
import { IsolationForest } from 'ml-isolation-forest';
import { boxOf } from './box.js';
import type { GrownNode } from './forest-arrays.js';

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
  const columns = boxOf(rows).varying;
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
