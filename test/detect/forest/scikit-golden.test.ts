import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type GrownNode, flattenForest } from '../../../src/detect/forest/forest-arrays.js';
import { isolationForest } from '../../../src/detect/isolation-forest.js';
import { packageRoot } from '../../../src/package-root.js';

interface ScikitTree {
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly size: readonly number[];
}

/** Made by export-scikit-forest.py. */
interface ScikitForest {
  readonly psi: number;
  readonly features: number;
  readonly trees: readonly ScikitTree[];
  readonly rows: readonly (readonly number[])[];
  readonly scores: readonly number[];
}

const scikit = JSON.parse(
  readFileSync(join(packageRoot(), 'test', 'detect', 'golden', 'scikit-forest.json'), 'utf8'),
) as ScikitForest;

function treeOf(tree: ScikitTree, node = 0): GrownNode {
  const size = tree.size[node] as number;
  if (tree.left[node] === -1) return { size };
  return {
    size,
    feature: tree.feature[node] as number,
    threshold: tree.threshold[node] as number,
    left: treeOf(tree, tree.left[node]),
    right: treeOf(tree, tree.right[node]),
  };
}

test('the trees of a scikit-learn forest give the scores that scikit-learn gives', async () => {
  const arrays = {
    ...flattenForest(scikit.trees.map((tree) => treeOf(tree))),
    psi: Int32Array.of(scikit.psi),
  };
  const names = Array.from({ length: scikit.features }, (_, i) => `f${i}`);
  const detector = await isolationForest.create({}, names, { arrays });
  const scores = new Float64Array(scikit.rows.length);
  await detector.score(Float64Array.from(scikit.rows.flat()), scikit.rows.length, scores);
  for (const [row, expected] of scikit.scores.entries())
    assert.ok(
      Math.abs((scores[row] as number) - expected) <= 1e-12,
      `row ${row}: ${scores[row]}, not ${expected}`,
    );
});
