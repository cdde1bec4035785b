/** A model folder that is damaged, edited or of another release is refused before anything is scored. */
import assert from 'node:assert/strict';
import { changedOption } from '../../src/detect/changed-option.js';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { type DetectorKind, ModelFault } from '../../src/detect/detector.js';
import { type JudgeConfig, loadJudge } from '../../src/detect/judge.js';
import { type Model, readModel, withContentVersion, writeModel } from '../../src/detect/model-file.js';
import { scoreQuantiles } from '../../src/detect/score-quantiles.js';
import { UnusableFileError } from '../../src/errors.js';

const root = mkdtempSync(join(tmpdir(), 'outrider-models-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Odd names have to come back as they were. */
const FEATURES = ['plain', '1e3', 'no', '~', 'a: b', "it's", '0x10', ' lead', 'ünïcode', '2023-01-01'];

function modelOf(changes: Partial<Model> = {}): Model {
  return withContentVersion({
    name: 'test',
    detector: 'constant',
    options: { seed: 3, nested: { list: [1, 2.5], text: 'no' } },
    seed: 3,
    features: [...FEATURES],
    definitions: FEATURES.map((name) => `of ${name}`),
    threshold: 0.1 + 0.2,
    thresholdRule: { contamination: 0.01 },
    training: { data: 'rows.csv', rows: 3, rejected: 0, rowsPerDay: 1e-7, imported: null },
    facts: { chosen: 'this: one', share: 1e21 },
    created: '2023-01-01T00:00:00.000Z',
    arrays: {
      weights: Float64Array.of(1.5, -0, 5e-324, Number.MAX_VALUE),
      places: Int32Array.of(1, -2, 2_147_483_647, 4),
      10: Uint8Array.of(1, 2, 255),
      9: Uint8Array.of(7),
    },
    quantiles: scoreQuantiles(Float64Array.of(0.25, 0.75, 0.5)),
    ...changes,
  });
}

const RANGE = { topic: 'orders', partitions: [{ partition: 0, from: 10, to: 90 }], sample: 3, seed: 3 };

let count = 0;
function written(model = modelOf()): string {
  const folder = join(root, `model-${count++}`);
  writeModel(folder, model);
  return folder;
}

/** Edits `model.yml` as a person would. */
function edited(change: (manifest: Record<string, unknown>) => void): string {
  const folder = written();
  const file = join(folder, 'model.yml');
  const manifest = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(manifest);
  writeFileSync(file, stringify(manifest));
  return folder;
}

function refused(folder: string, message: RegExp): void {
  assert.throws(
    () => readModel(folder),
    (error: unknown) => {
      assert.ok(error instanceof UnusableFileError, String(error));
      assert.equal(error.exitCode, 4);
      assert.ok(error.message.startsWith(`${folder}: `), error.message);
      assert.ok(!error.message.includes('\n'), 'one line');
      assert.match(error.message, message);
      return true;
    },
  );
}

test('a model comes back as it was written, bit for bit', () => {
  const model = modelOf();
  assert.deepEqual(readModel(written(model)), model);
});

test('a model without a range is as it was before models had one: its digest and version too', () => {
  const folder = written();
  const { digest, version, training } = parse(readFileSync(join(folder, 'model.yml'), 'utf8')) as Model & {
    readonly digest: string;
  };
  assert.deepEqual(
    [version, digest],
    ['645aadac', 'sha256:210441eb77d39273f7c692e3dde094b7727ba419679ed2bd4eb31f1d06dedd5f'],
  );
  assert.ok(!('range' in training));
});

test('the range of a topic that the rows were drawn from is part of the digest', () => {
  const { training } = modelOf();
  const model = modelOf({ training: { ...training, range: RANGE } });
  const folder = written(model);
  assert.deepEqual(readModel(folder), model);
  const file = join(folder, 'model.yml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('to: 90', 'to: 91'));
  refused(folder, /does not match its digest/);
});

test('the version is that of the content: neither name, nor time, nor the name of the file', () => {
  const { version, training } = modelOf();
  assert.match(version, /^[0-9a-f]{8}$/);
  assert.equal(modelOf({ name: 'other', created: 'later' }).version, version);
  assert.equal(modelOf({ training: { ...training, data: 'elsewhere.csv' } }).version, version);
  assert.equal(
    modelOf({ training: { ...training, range: RANGE } }).version,
    version,
    'nor the range of a topic',
  );
  assert.notEqual(modelOf({ training: { ...training, rows: 4 } }).version, version);
  assert.notEqual(modelOf({ threshold: 0.31 }).version, version);
  assert.notEqual(modelOf({ options: { seed: 4 } }).version, version);
});

test('model.bin that is cut short, longer, or has one bit turned', () => {
  const cut = written();
  const size = readFileSync(join(cut, 'model.bin')).length;
  truncateSync(join(cut, 'model.bin'), size - 1);
  refused(cut, new RegExp(`model\\.bin has ${size - 1} bytes, by model\\.yml it has ${size}`));
  const longer = written();
  writeFileSync(
    join(longer, 'model.bin'),
    Buffer.concat([readFileSync(join(longer, 'model.bin')), Buffer.of(0)]),
  );
  refused(longer, new RegExp(`model\\.bin has ${size + 1} bytes, by model\\.yml it has ${size}`));
  for (const at of [0, 9, size - 20]) {
    const flipped = written();
    const bytes = readFileSync(join(flipped, 'model.bin'));
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(join(flipped, 'model.bin'), bytes);
    refused(flipped, /does not match its digest|distribution of the training scores is damaged/);
  }
});

test('model.yml that was edited', () => {
  refused(
    edited((manifest) => (manifest.threshold = 0.1)),
    /does not match its digest: it was edited or damaged; train it again/,
  );
  refused(
    edited((manifest) => (manifest.features as string[]).reverse()),
    /does not match its digest/,
  );
  refused(
    edited((manifest) => (manifest.digest = 'sha256:0')),
    /does not match its digest/,
  );
  refused(
    edited((manifest) => {
      const [weights, places] = manifest.arrays as { length: number }[];
      [(weights as { length: number }).length, (places as { length: number }).length] = [3, 6];
    }),
    /digest|damaged/,
  );
  refused(
    edited((manifest) => {
      const arrays = manifest.arrays as { name: string }[];
      (arrays[1] as { name: string }).name = (arrays[0] as { name: string }).name;
    }),
    /digest/,
  );
});

test('another format: which it is, and which this release reads', () => {
  for (const format of [1, 99])
    refused(
      edited((manifest) => (manifest.format = format)),
      new RegExp(`the model is of format ${format}, this release reads format 2; train it again`),
    );
  refused(
    edited((manifest) => delete manifest.format),
    /no usable model.*format.*outrider train/,
  );
});

test('files that are missing, no YAML, no map, or an alias bomb', () => {
  refused(join(root, 'absent'), /no usable model: ENOENT.*outrider train --data FILE/);
  for (const name of ['model.yml', 'model.bin']) {
    const folder = written();
    rmSync(join(folder, name));
    refused(folder, /no usable model: ENOENT/);
  }
  const bomb = Array.from({ length: 30 }, (_, i) =>
    i === 0
      ? 'a0: &a0 [x, x]'
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
  ).join('\n');
  for (const [text, message] of [
    ['format: [2', /no usable model/],
    ['', /no usable model/],
    ['- 2\n', /no usable model/],
    ['just text', /no usable model/],
    [bomb, /no usable model: .*alias/i],
    [`a: "${'x'.repeat(17_000_000)}"`, /model\.yml has 170000\d\d bytes, more than 16777216/],
  ] as const) {
    const folder = written();
    writeFileSync(join(folder, 'model.yml'), text);
    refused(folder, message);
  }
});

test('lengths that no memory has are refused by the size of the file', () => {
  const folder = edited((manifest) => {
    for (const array of manifest.arrays as { length: number }[]) array.length = 268_435_456;
  });
  const before = process.memoryUsage().arrayBuffers;
  refused(folder, /model\.bin has \d+ bytes, by model\.yml it has \d{10}/);
  assert.ok(process.memoryUsage().arrayBuffers - before < 100_000_000);
  refused(
    edited(
      (manifest) => (((manifest.arrays as { length: number }[])[0] as { length: number }).length = 1e12),
    ),
    /no usable model/,
  );
});

test('training scores that rise are refused, also with a digest that fits', () => {
  const quantiles = { scores: Float64Array.of(0.1, 0.9), ranks: Int32Array.of(1, 2), rows: 2 };
  refused(written(modelOf({ quantiles })), /the distribution of the training scores is damaged/);
});

test('a folder that holds anything else is not replaced', () => {
  const folder = join(root, 'somebody');
  mkdirSync(folder);
  writeFileSync(join(folder, 'thesis.tex'), 'years of work');
  assert.throws(
    () => writeModel(folder, modelOf()),
    /there is 'thesis\.tex' in it; name a folder of its own/,
  );
  assert.equal(readFileSync(join(folder, 'thesis.tex'), 'utf8'), 'years of work');
  const beside = written();
  cpSync(folder, `${beside}.new`, { recursive: true });
  assert.throws(() => writeModel(beside, modelOf()), /thesis\.tex/);
  assert.ok(existsSync(join(`${beside}.new`, 'thesis.tex')));
  rmSync(`${beside}.new`, { recursive: true });
  // What an earlier attempt left behind is in nobody's way.
  cpSync(beside, `${beside}.new`, { recursive: true });
  writeModel(beside, modelOf({ threshold: 0.5 }));
  assert.equal(readModel(beside).threshold, 0.5);
  writeFileSync(join(root, 'file'), '');
  assert.throws(() => writeModel(join(root, 'file'), modelOf()), UnusableFileError);
});

/** Gives every row the score of its options, as they reach it. */
const constant: DetectorKind = {
  type: 'constant',
  options: z.looseObject({ seed: z.number(), score: z.number().default(0.5) }),
  imports: 'never',
  train: () => Promise.resolve({ arrays: {} }),
  create: (options, _features, { arrays }) => {
    if (arrays.weights === undefined) throw new ModelFault("the array 'weights' is missing");
    return {
      score: (_values, rows, scores) => void scores.fill(options.score as number, 0, rows),
      explain: (values) => ({ contributions: values.slice(), expected: null }),
    };
  },
};

const config = (folder: string, changes: Partial<JudgeConfig> = {}): JudgeConfig => ({
  kind: constant,
  options: { seed: 1, score: 0.5 },
  model: folder,
  threshold: null,
  ...changes,
});
const definitions = FEATURES.map((name) => `of ${name}`);

test('a judge: the seed is the model’s, whatever the configuration says now; its threshold is the configuration’s, or the model’s', async () => {
  const folder = written(modelOf({ options: { seed: 3, score: 0.25 } }));
  const configured = { seed: 1, score: 0.25 };
  const judge = await loadJudge(config(folder, { options: configured }), FEATURES, definitions);
  const scores = new Float64Array(1);
  await judge.detector.score(new Float64Array(FEATURES.length), 1, scores);
  assert.equal(scores[0], 0.25);
  assert.equal(judge.threshold, 0.1 + 0.2);
  const at = async (threshold: JudgeConfig['threshold'], from = folder): Promise<number> =>
    (
      await loadJudge(
        config(from, { threshold, options: { seed: 1, score: from === folder ? 0.25 : 0.5 } }),
        FEATURES,
        definitions,
      )
    ).threshold;
  assert.equal(await at(0.7), 0.7);
  assert.equal(await at({ contamination: 0.5 }), 0.5);
  const { training } = modelOf();
  const daily = written(modelOf({ training: { ...training, rowsPerDay: 300 } }));
  // Of three rows, which stand for 300 a day, the strangest one.
  assert.equal(await at({ alarmsPerDay: 100 }, daily), 0.75);
  const timeless = written(modelOf({ training: { ...training, rowsPerDay: null } }));
  await assert.rejects(
    at({ alarmsPerDay: 100 }, timeless),
    (error: unknown) =>
      error instanceof UnusableFileError &&
      error.message.startsWith(timeless) &&
      /how many events there are a day.*--events-per-day N/.test(error.message),
  );
});

test('a judge refuses a model of other features, another detector, other options, or without what its kind needs', async () => {
  const folder = written();
  const rejects = (
    changes: Partial<JudgeConfig>,
    names: readonly string[],
    message: RegExp,
    from = folder,
  ): Promise<void> =>
    assert.rejects(
      loadJudge(config(from, changes), names, definitions),
      (error: unknown) =>
        error instanceof UnusableFileError && error.message.startsWith(from) && message.test(error.message),
    );
  await rejects(
    {},
    ['other', ...FEATURES.slice(1)],
    /trained on other features: number 1 is 'plain' = of plain in the model and 'other'/,
  );
  await rejects({}, FEATURES.slice(0, 3), /number 4 is '~' = of ~ in the model and absent/);
  await rejects(
    { kind: { ...constant, type: 'knn' } },
    FEATURES,
    /the model is for detector 'constant', the configuration says 'knn'/,
  );
  await rejects(
    { options: { seed: 3, score: 0.9 } },
    FEATURES,
    /trained with detector\.score 0\.5, the configuration has 0\.9; train it again/,
  );
  await rejects({}, FEATURES, /its options are not those of this release/, written(modelOf({ options: {} })));
  await rejects({}, FEATURES, /the array 'weights' is missing/, written(modelOf({ arrays: {} })));
});

test('of options that changed, the one is named: of members that of the member, and no seed', () => {
  const forest = { type: 'isolation-forest', trees: 20, seed: 1 };
  const knn = { type: 'knn', neighbours: 5 };
  const trained = { members: [forest, knn], seed: 0 };
  const changed = (...members: object[]): unknown => changedOption(trained, { members, seed: 9 });
  assert.equal(changed({ ...forest, seed: 2 }, knn), null);
  assert.deepEqual(changed({ ...forest, trees: 21 }, knn), {
    path: 'members[0].trees',
    trained: 20,
    configured: 21,
  });
  assert.deepEqual(changed(forest, { type: 'ecod', tails: 'rows' }), {
    path: 'members[1].type',
    trained: 'knn',
    configured: 'ecod',
  });
  assert.deepEqual(changed(forest), { path: 'members', trained: trained.members, configured: [forest] });
  assert.deepEqual(changedOption({ hidden: [4, 2] }, { hidden: [4, 3] }), {
    path: 'hidden',
    trained: [4, 2],
    configured: [4, 3],
  });
});
