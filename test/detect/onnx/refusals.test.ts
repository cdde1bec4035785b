/** What is no model of the agreed form is refused with words that say what to do, when it is imported and when it is loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Matrix } from '../../../src/detect/detector.js';
import { judgeOf } from '../../../src/detect/judge.js';
import type { Model } from '../../../src/detect/model-file.js';
import { MODEL_BYTES_MAX, onnx } from '../../../src/detect/onnx/onnx.js';
import { wholenessFault } from '../../../src/detect/onnx/external-data.js';
import { UnusableFileError } from '../../../src/errors.js';
import { seededRandom } from '../../../src/detect/random.js';
import {
  FEATURES,
  WIDTH,
  importModel,
  onnxConfig,
  onnxFile,
  trainingRows,
} from '../../support/onnx-models.js';

const unusable =
  (message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof UnusableFileError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n') && error.message.length < 600, error.message);
    return true;
  };

const column: Matrix = { values: trainingRows().values.slice(0, 100), rows: 100, width: 1 };

for (const [name, options, message] of [
  ['odd/five-features', {}, /odd\/five-features\.onnx: the input 'x' takes 5 features, there are 6/],
  ['odd/cube', {}, /the input 'x' is 'x' \(float32, n × 6 × 1\), it must be a matrix/],
  ['odd/int64', {}, /'x' \(int64, n × 6\), it must be float or double/],
  ['odd/string', {}, /'x' \(string, n × 6\), it must be float or double/],
  ['odd/two-inputs', {}, /the model has 2 inputs \('x', 'z'\), it must have one/],
  ['odd/sum', {}, /nothing says which rows have the larger 'y': say detector\.higher/],
  ['odd/two-scores', { higher: 'normal' }, /which output is meant\? Say detector\.output: .*'y' .*'again'/],
  ['odd/sum', { output: 'z' }, /no output 'z' has one score a row/],
  [
    'odd/three-columns',
    {},
    /no output has one score a row.*'a' \(float32, 64 × 3\), 'b' \(float32, 64 × 3\)/,
  ],
  ['odd/one-row-for-all', {}, /no output has one score a row.*'y' \(float32, 1 × 6\)/],
  ['odd/same-for-all', { higher: 'stranger' }, /which output|gives all 300 training rows the score/],
  ['odd/logarithm', { higher: 'stranger' }, /the model gives row \d+ the score NaN/],
  ['odd/lookup', { higher: 'stranger' }, /the model fails: .*Gather/],
  ['odd/unknown-operator', {}, /the model cannot be loaded: .*Frobnicate/],
  ['odd/own-operator', {}, /the model cannot be loaded: .*com\.example:Frobnicate/],
  ['odd/opset-99', {}, /the model cannot be loaded: .*[Oo]pset 99/],
  ['odd/vast', { higher: 'stranger' }, /the model fails: .*Failed to allocate memory/],
  ['odd/external-data', {}, /keeps tensors in another file \(external data\): save it as one file/],
  ['odd/external-data-inside', {}, /keeps tensors in another file/],
  [
    'autoencoder',
    { higher: 'normal' },
    /detector\.higher is for scores, and 'reconstruction' is a reconstruction/,
  ],
  ['gaussian-mixture', {}, /which rows have the larger 'score_samples'/],
  ['isolation-forest', { reconstruction: true }, /no output has one score a row or a reconstruction/],
] as const) {
  test(`refused at import: ${name} ${JSON.stringify(options)}`, async () => {
    await assert.rejects(importModel(name, onnxFile(name), options), unusable(message));
  });
}

test('with one feature, a score and its reconstruction have the same shape: one has to say which', async () => {
  const bytes = onnxFile('odd/one-feature');
  await assert.rejects(importModel('one', bytes, {}, column), unusable(/say detector\.reconstruction/));
  const said = await importModel('one', bytes, { reconstruction: true }, column);
  assert.equal(said.model.facts.reconstruction, true);
  const score = await importModel('one', bytes, { reconstruction: false, higher: 'stranger' }, column);
  assert.equal(score.model.facts.reconstruction, false);
});

test('a model of any shape, and one in 64 bits, is taken when its answers fit', async () => {
  for (const name of ['odd/any-shape', 'odd/double'])
    assert.equal((await importModel(name, onnxFile(name), { higher: 'normal' })).model.facts.output, 'y');
});

test('no import, no bytes, text, a torn or an endless file: refused, with nothing left running', async () => {
  await assert.rejects(importModel('none', null), unusable(/give --import FILE\.onnx/));
  const whole = onnxFile('isolation-forest');
  for (const bytes of [
    new Uint8Array(0),
    new TextEncoder().encode('<html>not found</html>'),
    new TextEncoder().encode('{"model": 1}'),
    Uint8Array.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    whole.subarray(0, 5000),
    whole.subarray(0, whole.length - 1),
  ])
    await assert.rejects(importModel('torn', bytes), unusable(/torn\.onnx: it is not an ONNX model/));
  await assert.rejects(
    importModel('large', new Uint8Array(MODEL_BYTES_MAX + 1)),
    unusable(/has 134217729 bytes, 134217728 is the most/),
  );
});

test('flipped bytes never end the process: a model comes of them, or words', async () => {
  const random = seededRandom(4);
  for (let i = 0; i < 25; i++) {
    const bytes = onnxFile('one-class-svm').slice();
    for (let flips = 0; flips < 3; flips++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    try {
      await importModel('flipped', bytes);
    } catch (error) {
      assert.ok(error instanceof UnusableFileError, String(error));
    }
  }
});

test('graphs in graphs in graphs are followed to a depth and refused beyond', () => {
  // model.graph, then node.attribute.graph over and over: each a length-delimited field.
  let inner: number[] = [];
  const wrap = (field: number, bytes: number[]): number[] => {
    const length: number[] = [];
    for (let rest = bytes.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return [(field << 3) | 2, ...length, ...bytes];
  };
  for (let depth = 0; depth < 500; depth++) inner = wrap(1, wrap(5, wrap(6, inner)));
  assert.equal(wholenessFault(Uint8Array.from(wrap(7, inner))), 'it is not an ONNX model');
});

test('at load: what was learnt has to be whole, of this detector, and asked as it was imported', async () => {
  const { model } = await importModel('isolation-forest', onnxFile('isolation-forest'));
  const load = (changed: Partial<Model>, written = {}): Promise<unknown> =>
    judgeOf({ ...model, ...changed }, onnxConfig(written), FEATURES, FEATURES, 'models/f');
  const arrays = (changed: Model['arrays']): Partial<Model> => ({ arrays: { ...model.arrays, ...changed } });
  for (const [changed, message] of [
    [{ facts: {} }, /models\/f: its facts are not those of an ONNX model/],
    [{ facts: { ...model.facts, runRows: 0 } }, /its facts are not those/],
    [{ facts: { ...model.facts, output: 'absent' } }, /absent/],
    [
      { facts: { ...model.facts, output: 'label', reconstruction: true } },
      /the output 'label' has the shape 64 × 1/,
    ],
    [arrays({ model: Float64Array.of(1) }), /the array 'model' is missing/],
    [arrays({ model: Uint8Array.of(1, 2, 3) }), /it is not an ONNX model/],
    [arrays({ model: onnxFile('odd/five-features') }), /takes 5 features, there are 6/],
    [arrays({ model: onnxFile('odd/external-data') }), /another file/],
    [arrays({ model: onnxFile('odd/own-operator') }), /cannot be loaded: .*Frobnicate/],
    [arrays({ model: onnxFile('autoencoder-five-rows') }), /takes 5 rows at a time, not 64/],
    [arrays({ median: new Float64Array(WIDTH - 1) }), /the array 'median' is missing or damaged/],
    [arrays({ raw: Float64Array.of(0, 0) }), /a spread of the training rows is not positive/],
    [arrays({ deviation: new Float64Array(WIDTH) }), /a spread of the training rows is not positive/],
  ] as const)
    await assert.rejects(load(changed), unusable(message));
  for (const written of [
    { higher: 'stranger' },
    { output: 'label' },
    { scale: 'standard' },
    { batchRows: 128 },
    { threads: 2 },
    { reconstruction: true },
  ])
    await assert.rejects(
      load({}, written),
      unusable(/was (imported|trained) with detector\.\w+ .*; train it again/),
    );
});

test('options: runs of 1 or a multiple of 16, and nothing unknown', () => {
  for (const wrong of [
    { batchRows: 40 },
    { batchRows: 0 },
    { threads: 0 },
    { higher: 'up' },
    { outputs: 'y' },
  ])
    assert.equal(onnx.options.safeParse(wrong).success, false, JSON.stringify(wrong));
  assert.deepEqual(onnx.options.parse({}), { scale: 'none', batchRows: 64, threads: 1 });
});
