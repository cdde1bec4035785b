import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ModelArrays, ModelFault } from '../../../src/detect/detector.js';
import { isolationForest } from '../../../src/detect/isolation-forest.js';
import { loadJudge } from '../../../src/detect/judge.js';
import { type Model, writeModel } from '../../../src/detect/model-file.js';
import { averagePathLength } from '../../../src/detect/path-length.js';
import { trainModel } from '../../../src/detect/train.js';
import { EXIT, exitCodeFor } from '../../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-forest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ['a', 'b'];

/** A root with two leaves, and a root with a leaf and a split. */
const SOUND: ModelArrays = {
  feature: Int32Array.of(0, 0, 0, 1, 0, 0, 0, 0),
  threshold: Float64Array.of(1, Infinity, Infinity, 2, Infinity, 0, Infinity, Infinity),
  left: Int32Array.of(1, 1, 2, 4, 4, 6, 6, 7),
  path: Float64Array.of(0, 1 + averagePathLength(3), 2, 0, 1, 0, 2, 3),
  size: Int32Array.of(5, 3, 2, 5, 1, 4, 1, 2),
  root: Int32Array.of(0, 3),
  depth: Int32Array.of(1, 2),
  psi: Int32Array.of(5),
};

function changed(name: string, at: number, value: number): ModelArrays {
  const array = (SOUND[name] as Int32Array | Float64Array).slice();
  array[at] = value;
  return { ...SOUND, [name]: array };
}

const BROKEN: Readonly<Record<string, readonly [ModelArrays, RegExp]>> = {
  'a child points at an ancestor': [changed('left', 5, 3), /points back/],
  'a child points at a node of the tree before': [changed('left', 5, 1), /points back/],
  'a node has two parents': [
    {
      ...changed('left', 1, 2),
      threshold: Float64Array.of(1, 1, Infinity, 2, Infinity, 0, Infinity, Infinity),
    },
    /node 2 has two parents/,
  ],
  'two roots are the same': [changed('root', 1, 0), /two parents/],
  'a root is a child': [changed('root', 1, 1), /two parents/],
  'a node belongs to no tree': [changed('left', 0, 4), /node 1 belongs to no tree/],
  'a child is outside': [changed('left', 5, 7), /outside the forest/],
  'a child is far outside': [changed('left', 5, 1_000_000), /outside the forest/],
  'a child is negative': [changed('left', 5, -1), /points back/],
  'a root is outside': [changed('root', 1, 8), /root of tree 1 is outside/],
  'a root is negative': [changed('root', 1, -1), /root of tree 1 is outside/],
  'a depth is larger than it is': [changed('depth', 0, 2), /has 1 levels/],
  'a depth is smaller than it is': [changed('depth', 1, 1), /has 2 levels/],
  'a depth would take a week': [changed('depth', 1, 2 ** 31 - 1), /has 2 levels/],
  'a threshold is infinite': [changed('threshold', 0, Infinity), /threshold that is not finite/],
  'a threshold is not a number': [changed('threshold', 0, NaN), /threshold that is not finite/],
  'a leaf can be left': [changed('threshold', 1, 3), /leaf with a threshold/],
  'a path is infinite': [changed('path', 1, Infinity), /path length/],
  'a path is not a number': [changed('path', 1, NaN), /path length/],
  'a path is negative': [changed('path', 1, -1), /path length/],
  'a size is negative': [changed('size', 1, -1), /negative size/],
  'psi is 1': [changed('psi', 0, 1), /psi is 1/],
  'psi is negative': [changed('psi', 0, -256), /psi is -256/],
  'psi is too large': [changed('psi', 0, 65_537), /psi is 65537/],
  'a feature is beyond the last': [changed('feature', 3, 2), /number 2 of 2/],
  'a feature is negative': [changed('feature', 3, -1), /number -1 of 2/],
  'there are more depths than roots': [{ ...SOUND, depth: Int32Array.of(1, 2, 2) }, /trees .* same length/],
  'there are fewer paths than nodes': [{ ...SOUND, path: Float64Array.of(1) }, /nodes .* same length/],
  'an array is missing': [{ ...SOUND, root: new Int32Array(0) }, /'root' is missing/],
  'an array is of another type': [
    { ...SOUND, path: Int32Array.from(SOUND.left as Int32Array) },
    /'path' is missing/,
  ],
};

const create = (arrays: ModelArrays): unknown =>
  isolationForest.create(isolationForest.options.parse({}), NAMES, { arrays });

test('the sound forest is taken', () => {
  create(SOUND);
});

for (const [what, [arrays, why]] of Object.entries(BROKEN)) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => create(arrays),
      (error) => error instanceof ModelFault && why.test(error.message),
    );
  });
}

test('refused: a chain of more levels than a tree can have', () => {
  create(chain(64));
  assert.throws(() => create(chain(100)), /100 levels, 64 is the most/);

  function chain(depth: number): ModelArrays {
    const all = Array.from({ length: 2 * depth + 1 }, (_, n) => n);
    const splits = (n: number): boolean => n % 2 === 0 && n < 2 * depth;
    return {
      feature: Int32Array.from(all, () => 0),
      threshold: Float64Array.from(all, (n) => (splits(n) ? n : Infinity)),
      left: Int32Array.from(all, (n) => (splits(n) ? n + 1 : n)),
      path: Float64Array.from(all, () => 1),
      size: Int32Array.from(all, () => 1),
      root: Int32Array.of(0),
      depth: Int32Array.of(depth),
      psi: Int32Array.of(256),
    };
  }
});

test('a model folder with a tree that loops ends with exit 4, the sound one is loaded', async () => {
  const { signal } = new AbortController();
  const values = Float64Array.from({ length: 80 }, (_, i) => (i * 7919) % 101);
  const options = isolationForest.options.parse({});
  const { model } = await trainModel(
    {
      kind: isolationForest,
      options,
      features: NAMES,
      definitions: NAMES,
      data: { values, rows: 40, width: 2 },
      source: 'here',
      rejected: 0,
      name: 'm',
      threshold: null,
      rowsPerDay: null,
      imported: null,
    },
    Date.now,
    signal,
  );
  const load = async (arrays: ModelArrays): Promise<unknown> => {
    const written: Model = { ...model, arrays };
    writeModel(join(folder, 'm'), written);
    return loadJudge(
      { kind: isolationForest, options, model: join(folder, 'm'), threshold: null },
      NAMES,
      NAMES,
    );
  };
  await load(SOUND);
  await assert.rejects(load(changed('left', 5, 3)), (error) => {
    assert.equal(exitCodeFor(error), EXIT.unusable);
    assert.match((error as Error).message, /points back at node 3/);
    return true;
  });
});
