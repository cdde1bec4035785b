import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { extendedReferenceKernel, extendedWasmKernel } from '../../../src/detect/forest/extended-kernel.js';
import { fastestKernel } from '../../../src/detect/forest/fastest-kernel.js';
import { type ForestArrays, flattenForest } from '../../../src/detect/forest/forest-arrays.js';
import { referenceKernel } from '../../../src/detect/forest/reference-kernel.js';
import { wasmKernel } from '../../../src/detect/forest/wasm-kernel.js';
import { KERNEL_BYTES_MAX, KernelUnavailable } from '../../../src/detect/forest/wasm-memory.js';
import { seededRandom } from '../../../src/detect/random.js';
import { EDGE_VALUES, randomTree } from './random-forest.js';

const WIDTHS = [1, 3, 8, 30, 166, 274];

function forestOf(seed: number, trees: number, width: number, levels = 8): ForestArrays {
  const random = seededRandom(seed);
  const thresholds = [...EDGE_VALUES, ...Array.from({ length: 50 }, () => random() * 4 - 2)];
  return flattenForest(
    Array.from({ length: trees }, () =>
      randomTree(random, width, 1 + Math.floor(random() * levels), thresholds),
    ),
  );
}

/** Edge values, thresholds of the forest, and what lies between. */
function valuesFor(forest: ForestArrays, seed: number, count: number): Float64Array {
  const random = seededRandom(seed);
  const finite = forest.threshold.filter(Number.isFinite);
  const pool = [...EDGE_VALUES, ...finite];
  return Float64Array.from({ length: count }, () =>
    random() < 0.5 ? random() * 4 - 2 : (pool[Math.floor(random() * pool.length)] as number),
  );
}

/** The definition: one row, one tree, until a leaf. */
function walked(forest: ForestArrays, row: Float64Array): number {
  let sum = 0;
  for (const root of forest.root) {
    let node = root;
    while (forest.left[node] !== node) {
      const below = (row[forest.feature[node] as number] as number) < (forest.threshold[node] as number);
      node = (forest.left[node] as number) + (below ? 0 : 1);
    }
    sum += forest.path[node] as number;
  }
  return sum;
}

function assertAlike(forest: ForestArrays, width: number, values: Float64Array, rows: number): void {
  const wasm = new Float64Array(rows).fill(NaN);
  const reference = new Float64Array(rows).fill(NaN);
  wasmKernel(forest, width).sum(values, rows, wasm);
  referenceKernel(forest, width).sum(values, rows, reference);
  for (let row = 0; row < rows; row++) {
    const expected = walked(forest, values.subarray(row * width, (row + 1) * width));
    assert.ok(
      Object.is(reference[row], expected),
      `reference, row ${row}: ${reference[row]}, not ${expected}`,
    );
    assert.ok(Object.is(wasm[row], expected), `wasm, row ${row}: ${wasm[row]}, not ${expected}`);
  }
}

test('the kernels give the same sums bit for bit: any trees, widths, batch sizes, values', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(...WIDTHS),
      fc.integer({ min: 1, max: 20 }),
      (seed, trees, width, rows) => {
        const forest = forestOf(seed, trees, width);
        assertAlike(forest, width, valuesFor(forest, seed + 1, rows * width), rows);
      },
    ),
    { numRuns: 300 },
  );
});

test('the kernels of extended forests give the same sums bit for bit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(...WIDTHS, 2, 5, 6, 7),
      fc.constantFrom(...Array.from({ length: 20 }, (_, i) => i + 1), 4096),
      (seed, trees, width, rows) => {
        const planes = 10;
        const forest = { ...forestOf(seed, trees, planes), normal: new Float64Array(planes * width) };
        forest.normal.set(valuesFor(forest, seed + 2, planes * width));
        const values = valuesFor(forest, seed + 1, Math.min(rows, 200) * width);
        const all = Float64Array.from(
          { length: rows * width },
          (_, i) => values[i % values.length] as number,
        );
        const [wasm, reference] = [new Float64Array(rows), new Float64Array(rows)];
        extendedWasmKernel(forest, width).sum(all, rows, wasm);
        extendedReferenceKernel(forest, width).sum(all, rows, reference);
        for (let row = 0; row < rows; row++)
          assert.ok(Object.is(wasm[row], reference[row]), `row ${row}: ${wasm[row]}, not ${reference[row]}`);
      },
    ),
    { numRuns: 60 },
  );
});

test('the kernels give the same sums for batches over several stretches', () => {
  for (const width of WIDTHS) {
    for (const rows of [511, 512, 517, 4096]) {
      const forest = forestOf(width, 17, width);
      assertAlike(forest, width, valuesFor(forest, rows, rows * width), rows);
    }
  }
});

test('a forest of leaves and rows that are all the same', () => {
  const leaves = flattenForest([{ size: 256 }, { size: 1 }]);
  assertAlike(leaves, 8, new Float64Array(8 * 20), 20);
  assertAlike(forestOf(5, 9, 3), 3, new Float64Array(3 * 20).fill(-0), 20);
});

test('a smaller batch after a larger one does not see it', () => {
  const forest = forestOf(9, 30, 8);
  const kernel = wasmKernel(forest, 8);
  const values = valuesFor(forest, 1, 100 * 8);
  kernel.sum(values, 100, new Float64Array(100));
  for (let rows = 0; rows <= 20; rows++) {
    const sums = new Float64Array(21).fill(-1);
    kernel.sum(values.subarray(8), rows, sums);
    for (let row = 0; row < rows; row++)
      assert.equal(sums[row], walked(forest, values.subarray((row + 1) * 8, (row + 2) * 8)));
    assert.equal(sums[rows], -1, 'nothing is written beyond the rows');
  }
});

test('a forest that does not fit into the memory of the WebAssembly kernel is scored by the other', () => {
  const width = KERNEL_BYTES_MAX / 64 + 1;
  const forest = flattenForest([
    { size: 2, feature: width - 1, threshold: 1, left: { size: 1 }, right: { size: 1 } },
  ]);
  assert.throws(() => wasmKernel(forest, width), KernelUnavailable);
  assert.equal(fastestKernel(forest, width).name, 'typed-arrays');
  assert.match(fastestKernel(forest, width).slowBecause ?? '', /the forest needs \d+ bytes/);
  assert.equal(fastestKernel(forest, 8).name, 'wasm');
});

test('where WebAssembly is switched off, the typed arrays take its place and give the same', () => {
  const module = fileURLToPath(new URL('./score-somewhere-else.js', import.meta.url));
  const run = (...flags: string[]): { kernel: string; sums: string } =>
    JSON.parse(execFileSync(process.execPath, [...flags, module], { encoding: 'utf8', stdio: 'pipe' })) as {
      kernel: string;
      sums: string;
    };
  const [jit, jitless] = [run(), run('--jitless')];
  assert.equal(jit.kernel, 'wasm');
  assert.equal(jitless.kernel, 'typed-arrays');
  assert.equal(jit.sums, jitless.sums);
});
