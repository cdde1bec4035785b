import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Detector, Matrix } from '../../../src/detect/detector.js';
import { type Judge, judgeOf } from '../../../src/detect/judge.js';
import { type Model, readModel, writeModel } from '../../../src/detect/model-file.js';
import { boundedScore } from '../../../src/detect/onnx/bounded-score.js';
import { seededRandom } from '../../../src/detect/random.js';
import { judgeBatch } from '../../../src/detect/verdicts.js';
import {
  FEATURES,
  WIDTH,
  allRows,
  importModel,
  onnxConfig,
  onnxFile,
  trainingRows,
} from '../../support/onnx-models.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-onnx-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Options = Readonly<Record<string, unknown>>;

/** With what has to be said of them. */
const MODELS: readonly (readonly [name: string, options: Options])[] = [
  ['isolation-forest', {}],
  ['one-class-svm', {}],
  ['gaussian-mixture', { output: 'score_samples', higher: 'normal' }],
  ['autoencoder', { scale: 'standard' }],
  ['autoencoder-own-units', { batchRows: 32 }],
  ['autoencoder-one-row', {}],
  ['autoencoder-five-rows', {}],
  ['autoencoder-error', { scale: 'standard', higher: 'stranger', batchRows: 1 }],
];

async function withDetector(
  name: string,
  options: Options,
  claim: (detector: Detector, judge: Judge, model: Model) => Promise<void>,
): Promise<void> {
  const { model } = await importModel(name, onnxFile(name), options);
  const judge = await judgeOf(model, onnxConfig(options), FEATURES, FEATURES, name);
  try {
    await claim(judge.detector, judge, model);
  } finally {
    await judge.detector[Symbol.asyncDispose]?.();
  }
}

async function scoresOf(detector: Detector, { values, rows }: Omit<Matrix, 'width'>): Promise<Float64Array> {
  const scores = new Float64Array(rows);
  await detector.score(values, rows, scores);
  return scores;
}

/** A matrix as the pipeline has it. */
function batchOf(values: Float64Array): Parameters<typeof judgeBatch>[1] {
  const rows = values.length / WIDTH;
  return { rows, width: WIDTH, values, row: Int32Array.from({ length: rows }, (_, i) => i), rejects: [] };
}

for (const [name, options] of MODELS) {
  test(`${name}: a row has the same score and reasons bit for bit, whatever stands beside it`, async () => {
    const all = allRows();
    await withDetector(name, options, async (detector) => {
      const whole = await scoresOf(detector, all);
      const reasons = await detector.explain(all.values, all.rows);
      assert.ok(new Set(whole).size > all.rows / 2);
      const same = (found: Float64Array, known: Float64Array | undefined, from: number): boolean =>
        found.every((value, i) => Object.is(value, known?.[from + i]));
      for (const size of [1, 3, 7, 61]) {
        // The part begins anywhere, so that a row has many places.
        for (let from = 0; from + size <= all.rows; from += 17) {
          const values = all.values.subarray(from * WIDTH, (from + size) * WIDTH);
          assert.ok(
            same(await scoresOf(detector, { values, rows: size }), whole, from),
            `${size} from ${from}`,
          );
          if (from % 119 !== 0) continue;
          const { contributions, expected } = await detector.explain(values, size);
          assert.ok(same(contributions, reasons.contributions, from * WIDTH));
          assert.ok(expected === null || same(expected.low, reasons.expected?.low, from * WIDTH));
        }
      }
    });
  });
}

test('a model folder keeps all there is: the same scores, threshold and version', async () => {
  const all = allRows();
  await withDetector('isolation-forest', {}, async (detector, judge, model) => {
    const path = join(folder, 'forest');
    writeModel(path, model);
    const again = await judgeOf(readModel(path), onnxConfig(), FEATURES, FEATURES, path);
    assert.deepEqual(again.identity, judge.identity);
    assert.equal(again.threshold, judge.threshold);
    assert.deepEqual(await scoresOf(again.detector, all), await scoresOf(detector, all));
    await again.detector[Symbol.asyncDispose]?.();
    // Imported once more it is the same model.
    const { model: twin } = await importModel('twin', onnxFile('isolation-forest'));
    assert.equal(twin.version, model.version);
    assert.equal(model.training.imported, 'isolation-forest.onnx');
  });
});

test('the threshold lets the share of the training rows through that was asked for', async () => {
  await withDetector('autoencoder', { scale: 'standard' }, async (detector, { threshold }) => {
    const training = await scoresOf(detector, trainingRows());
    assert.equal(training.filter((score) => score >= threshold).length, 3);
  });
});

for (const [name, options] of [
  ['isolation-forest-default', {}],
  ['local-outlier-factor', {}],
  ['gaussian-mixture', { output: 'score_samples', higher: 'normal' }],
  ['autoencoder', { scale: 'standard' }],
  ['autoencoder-own-units', {}],
] as const) {
  test(`${name}: an outlier in one feature comes first in at least 95 of 100`, async () => {
    const data = trainingRows();
    const random = seededRandom(3);
    const values = data.values.slice(0, 100 * WIDTH);
    const spread = Array.from({ length: WIDTH }, (_, i) => {
      const column = Array.from({ length: data.rows }, (_, row) => data.values[row * WIDTH + i] as number);
      return [Math.min(...column), Math.max(...column)] as const;
    });
    for (let row = 0; row < 100; row++) {
      const [low, high] = spread[row % WIDTH] as readonly [number, number];
      values[row * WIDTH + (row % WIDTH)] = random() < 0.5 ? low - (high - low) : high + (high - low);
    }
    await withDetector(name, options, async (detector) => {
      const { contributions, expected } = await detector.explain(values, 100);
      let first = 0;
      for (let row = 0; row < 100; row++) {
        const shares = contributions.subarray(row * WIDTH, (row + 1) * WIDTH);
        assert.ok(shares.every((share) => share >= 0));
        assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
        if (shares.indexOf(Math.max(...shares)) === row % WIDTH) first++;
      }
      assert.ok(first >= 95, `${first} of 100`);
      assert.equal(expected !== null, name.startsWith('autoencoder'));
    });
  });
}

test('what the autoencoder expected of a planted feature is nearer to the truth than what came', async () => {
  const { values } = trainingRows();
  const row = values.slice(0, WIDTH);
  row[3] = 40_000;
  await withDetector('autoencoder-own-units', {}, async (detector) => {
    const { expected } = await detector.explain(row, 1);
    assert.deepEqual(expected?.low, expected?.high);
    const wanted = expected?.low[3] as number;
    assert.ok(
      Math.abs(wanted - (values[3] as number)) < Math.abs(40_000 - (values[3] as number)) / 2,
      `${wanted}`,
    );
  });
});

test('scores rise with the raw score and do not run into 1: what 32 bits keep apart stays apart', () => {
  const scale = { median: 0.25, spread: 0.1 };
  assert.equal(boundedScore(0.25, scale), 0.5);
  assert.ok(Number.isNaN(boundedScore(Infinity, scale)));
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  let before = -Infinity;
  for (let exponent = -126; exponent <= 127; exponent++) {
    // A number of this size and the next one that there is; from the spread on they have to differ.
    for (const fraction of [1, 1.3, 1.99]) {
      float[0] = fraction * 2 ** exponent;
      const here = float[0];
      bits[0] = (bits[0] ?? 0) + 1;
      const next = float[0];
      const [low, high] = [boundedScore(here, scale), boundedScore(next, scale)];
      assert.ok(low >= before && low <= high && high < 1, `${here}`);
      if (here > 0.1) assert.ok(low < high, `${here} and ${next} have the score ${low}`);
      before = high;
    }
  }
});

test('a feature beyond 32 bits, a row on which the model fails, a score that is none: dead letters, the others go on', async () => {
  const training: Matrix = {
    rows: 64,
    width: WIDTH,
    values: Float64Array.from({ length: 64 * WIDTH }, (_, i) => 1 + ((i * 7) % 5)),
  };
  for (const [name, wrong, message] of [
    ['odd/lookup', 1e300, /feature number 2 is too large for the model, whose numbers are of 32 bits/],
    ['odd/lookup', 99, /^the model fails: .*Gather node.*idx=99/],
    ['odd/logarithm', -1, /^the score is NaN, not in \[0, 1\]$/],
    ['odd/logarithm', 0, /^the score is NaN, not in \[0, 1\]$/],
  ] as const) {
    const options = { higher: 'stranger' };
    const { model } = await importModel(name, onnxFile(name), options, training);
    const judge = await judgeOf(model, onnxConfig(options), FEATURES, FEATURES, name);
    const values = training.values.slice(0, 20 * WIDTH);
    values[7 * WIDTH + 1] = wrong;
    const { scores, rejects } = await judgeBatch(
      judge,
      batchOf(values),
      Int32Array.from({ length: 20 }, (_, i) => i),
    );
    assert.deepEqual(
      rejects.map(({ index, reason }) => [index, reason]),
      [[7, 'detector-failed']],
    );
    assert.match(rejects[0]?.message ?? '', message);
    const alone = await scoresOf(judge.detector, { values: training.values, rows: 20 });
    assert.ok(scores.every((score, row) => (row === 7 ? Number.isNaN(score) : Object.is(score, alone[row]))));
    await judge.detector[Symbol.asyncDispose]?.();
  }
});

test('many ask at a time: each gets the answers to its own rows', async () => {
  const all = allRows();
  await withDetector('isolation-forest', {}, async (detector) => {
    const whole = await scoresOf(detector, all);
    const parts = Array.from({ length: 30 }, (_, i) => i * 10);
    const answers = await Promise.all(
      parts.map((from) =>
        scoresOf(detector, { values: all.values.subarray(from * WIDTH, (from + 40) * WIDTH), rows: 40 }),
      ),
    );
    for (const [i, from] of parts.entries()) assert.deepEqual(answers[i], whole.slice(from, from + 40));
  });
});

test('a model whose scores depend on the place in a run, or on the neighbours, is run row by row, and says so', async () => {
  // The runtime's sum over a row is in another order where the row begins elsewhere in memory.
  for (const name of ['odd/neighbours', 'odd/sum']) {
    const { model, notes } = await importModel(name, onnxFile(name), { higher: 'stranger' });
    assert.ok(
      notes.some((note) => note.includes('rows are run one by one')),
      notes.join('\n'),
    );
    assert.deepEqual([model.facts.runRows, model.facts.runAlone], [1, true]);
  }
  const { model } = await importModel('isolation-forest', onnxFile('isolation-forest'));
  assert.deepEqual([model.facts.runRows, model.facts.runAlone], [64, false]);
});

test('notes say how the model is read, and where its own limit is', async () => {
  const { model, notes } = await importModel('isolation-forest', onnxFile('isolation-forest'));
  assert.match(notes[0] ?? '', /'scores' is read as the score: normal rows have the larger one/);
  // scikit-learn was told a contamination of 0.02, of 300 rows: the sixth strangest is beyond its limit, the seventh not.
  const limit = Number(/scores below 0, is a threshold of ([\d.]+)/.exec(notes[1] ?? '')?.[1]);
  const descending = model.quantiles.scores;
  assert.ok(
    limit <= (descending[5] as number) + 5e-5 && limit >= (descending[6] as number) - 5e-5,
    notes.join('\n'),
  );
});
