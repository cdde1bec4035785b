import { averagePathLength } from '../path-length.js';

export interface LeafNode {
  /** Training points that reached the node. */
  readonly size: number;
}
export interface SplitNode {
  readonly size: number;
  /** What is compared: a feature, or in an extended forest a hyperplane. */
  readonly feature: number;
  /** Rows with a value below go left, the others right. */
  readonly threshold: number;
  readonly left: GrownNode;
  readonly right: GrownNode;
}
export type GrownNode = LeafNode | SplitNode;

/**
 * All trees as flat arrays. A node's right child stands behind its left one; a leaf points at itself with a
 * threshold that nothing reaches, so that a walk of fixed length needs no branch (see reference-kernel).
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
