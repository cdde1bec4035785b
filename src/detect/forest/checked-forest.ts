import { type ModelArrays, ModelFault } from '../detector.js';
import type { ForestArrays } from './forest-arrays.js';

/** A forest whose arrays were checked: a walk from a root ends at a leaf of its tree, in `depth` steps at most. */
export interface CheckedForest extends ForestArrays {
  /** Rows each tree was grown on: ψ in the paper. */
  readonly psi: number;
}

/** Largest `sampleSize`. */
export const PSI_MAX = 65_536;

/** Most levels of a tree; training stops at ⌈log2(ψ)⌉. */
const DEPTH_MAX = 64;

/**
 * @param features numbers that `feature` may have: below it, and at least 0
 * @throws ModelFault
 */
export function checkedForest(arrays: ModelArrays, features: number): CheckedForest {
  const forest: CheckedForest = {
    feature: ints(arrays, 'feature'),
    threshold: doubles(arrays, 'threshold'),
    left: ints(arrays, 'left'),
    path: doubles(arrays, 'path'),
    size: ints(arrays, 'size'),
    root: ints(arrays, 'root'),
    depth: ints(arrays, 'depth'),
    psi: ints(arrays, 'psi')[0] as number,
  };
  const { feature, threshold, left, path, size, root, depth, psi } = forest;
  if (![threshold, left, path, size].every(({ length }) => length === feature.length))
    throw new ModelFault('the arrays of the nodes do not have the same length');
  if (depth.length !== root.length)
    throw new ModelFault('the arrays of the trees do not have the same length');
  if (psi < 2 || psi > PSI_MAX) throw new ModelFault(`psi is ${psi}, not 2 to ${PSI_MAX}`);
  for (let node = 0; node < feature.length; node++) {
    const isLeaf = left[node] === node;
    const f = feature[node] as number;
    if (f < 0 || (f >= features && !isLeaf))
      throw new ModelFault(`node ${node} splits on number ${f} of ${features}`);
    if (!isLeaf && !Number.isFinite(threshold[node]))
      throw new ModelFault(`node ${node} has a threshold that is not finite`);
    if (isLeaf && threshold[node] !== Infinity)
      throw new ModelFault(`node ${node} is a leaf with a threshold`);
    if (!Number.isFinite(path[node]) || (path[node] as number) < 0)
      throw new ModelFault(`node ${node} has a path length that is none`);
    if ((size[node] as number) < 0) throw new ModelFault(`node ${node} has a negative size`);
  }
  checkShape(forest);
  return forest;
}

/**
 * Children stand behind their parents, so nothing loops; every node is one root or the child of one node; the depths
 * are true, because the kernels walk as far as they say and no further.
 */
function checkShape({ left, root, depth }: ForestArrays): void {
  const nodes = left.length;
  const tree = new Int32Array(nodes).fill(-1);
  const level = new Int32Array(nodes);
  const deepest = new Int32Array(root.length);
  const claim = (node: number, by: number, at: number): void => {
    if (tree[node] !== -1) throw new ModelFault(`node ${node} has two parents`);
    tree[node] = by;
    level[node] = at;
  };
  root.forEach((node, number) => {
    if (node < 0 || node >= nodes) throw new ModelFault(`the root of tree ${number} is outside the forest`);
    claim(node, number, 0);
  });
  for (let node = 0; node < nodes; node++) {
    const owner = tree[node] as number;
    if (owner === -1) throw new ModelFault(`node ${node} belongs to no tree`);
    const at = level[node] as number;
    if (at > (deepest[owner] as number)) deepest[owner] = at;
    const child = left[node] as number;
    if (child === node) continue;
    if (child < node) throw new ModelFault(`node ${node} points back at node ${child}: the tree may loop`);
    if (child + 1 >= nodes) throw new ModelFault(`node ${node} points outside the forest`);
    claim(child, owner, at + 1);
    claim(child + 1, owner, at + 1);
  }
  deepest.forEach((levels, number) => {
    if (levels > DEPTH_MAX)
      throw new ModelFault(`tree ${number} has ${levels} levels, ${DEPTH_MAX} is the most`);
    if (levels !== depth[number])
      throw new ModelFault(`tree ${number} has ${levels} levels, the model says ${depth[number] as number}`);
  });
}

function ints(arrays: ModelArrays, name: string): Int32Array {
  const array = arrays[name];
  if (!(array instanceof Int32Array) || array.length === 0)
    throw new ModelFault(`the array '${name}' is missing`);
  return array;
}

/** @throws ModelFault */
export function doubles(arrays: ModelArrays, name: string): Float64Array {
  const array = arrays[name];
  if (!(array instanceof Float64Array)) throw new ModelFault(`the array '${name}' is missing`);
  return array;
}
