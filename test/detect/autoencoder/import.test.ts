import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { autoencoder } from '../../../src/detect/autoencoder/autoencoder.js';
import { HEADER_BYTES_MAX } from '../../../src/detect/autoencoder/safetensors.js';
import {
  type Detector,
  DetectorConfigFault,
  type Matrix,
  TrainingFault,
} from '../../../src/detect/detector.js';
import { packageRoot } from '../../../src/package-root.js';

const { signal } = new AbortController();
type Options = Record<string, unknown>;

const folder = join(packageRoot(), 'test/detect/autoencoder/pytorch');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  readonly features: string[];
  readonly training: number[][];
  readonly rows: number[][];
  readonly rebuilt: Record<'sequential' | 'encoder-decoder', number[][]>;
};
const fileOf = (name: string): Buffer => readFileSync(join(folder, `${name}.safetensors`));

function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { values: Float64Array.from(rows.flat()), rows: rows.length, width: rows[0]?.length ?? 0 };
}

async function imported(file: Uint8Array, data: Matrix, options: Options): Promise<Detector> {
  const parsed = autoencoder.options.parse(options);
  const trained = await autoencoder.train?.({ data, options: parsed, imported: file }, signal);
  const features = Array.from({ length: data.width }, (_, i) => `f${i}`);
  return autoencoder.create(parsed, features, trained ?? { arrays: {} });
}

/** The middle of the expected range. */
async function rebuilt(detector: Detector, { values, rows }: Matrix): Promise<number[]> {
  const { expected: range } = await detector.explain(values, rows);
  return Array.from(range?.low ?? [], (low, i) => (low + (range?.high[i] as number)) / 2);
}

function assertNear(actual: readonly number[], wanted: readonly number[]): void {
  assert.equal(actual.length, wanted.length);
  for (const [i, value] of wanted.entries())
    assert.ok(
      Math.abs((actual[i] as number) - value) <= 1e-6 * Math.max(1, Math.abs(value)),
      `${i}: ${actual[i] ?? ''}, not ${value}`,
    );
}

const training = matrixOf(expected.training);

test("an imported Sequential rebuilds what PyTorch's does", async () => {
  const detector = await imported(fileOf('sequential'), training, { activation: 'tanh' });
  const probes = matrixOf(expected.rows);
  assertNear(await rebuilt(detector, probes), expected.rebuilt.sequential.flat());
  const scores = new Float64Array(probes.rows);
  await detector.score(probes.values, probes.rows, scores);
  const [broken, ...far] = scores.slice(-3);
  assert.ok(
    [broken, ...far].every((score = 0) => score > Math.max(...scores.slice(0, -3))),
    scores.join(),
  );
});

test("an imported encoder and decoder rebuild what PyTorch's do, with a linear code", async () => {
  const wanted = expected.rebuilt['encoder-decoder'].flat();
  const file = fileOf('encoder-decoder');
  const probes = matrixOf(expected.rows);
  assertNear(await rebuilt(await imported(file, training, { activation: 'relu' }), probes), wanted);
  const other = await rebuilt(
    await imported(file, training, { activation: 'relu', code: 'activated' }),
    probes,
  );
  assert.ok(other.some((value, i) => Math.abs(value - (wanted[i] as number)) > 1));
});

interface Written {
  readonly shape: number[];
  readonly values: number[];
  readonly dtype?: string;
}

/** A safetensors file; `edit` changes its header. */
function safetensors(
  tensors: Record<string, Written>,
  edit: (header: Record<string, Record<string, unknown>>) => unknown = (header) => header,
): Buffer {
  const header: Record<string, Record<string, unknown>> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, { shape, values, dtype = 'F64' }] of Object.entries(tensors)) {
    const part = Buffer.from(
      dtype === 'F32' ? new Float32Array(values).buffer : new Float64Array(values).buffer,
    );
    header[name] = { dtype, shape, data_offsets: [at, (at += part.length)] };
    parts.push(part);
  }
  return framed(JSON.stringify(edit(header)), ...parts);
}

function framed(header: string, ...parts: Buffer[]): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), ...parts]);
}

const halved = {
  '0.weight': { shape: [1, 2], values: [0.5, 0.5] },
  '0.bias': { shape: [1], values: [-1] },
  '2.weight': { shape: [2, 1], values: [1, 1] },
  '2.bias': { shape: [2], values: [1, 1] },
};
const pairs = matrixOf(Array.from({ length: 40 }, (_, i) => [i + 3, i + 3 + (i % 3)]));

test('float32 and float64, a prefix, layers without bias and without activation are read as PyTorch names them', async () => {
  const raw = { activation: 'relu', scale: 'none' };
  const probe = matrixOf([[4, 6]]);
  assertNear(await rebuilt(await imported(safetensors(halved), pairs, raw), probe), [5, 5]);
  const single = Object.fromEntries(
    Object.entries(halved).map(([name, tensor]) => [`model.net.${name}`, { ...tensor, dtype: 'F32' }]),
  );
  assertNear(await rebuilt(await imported(safetensors(single), pairs, raw), probe), [5, 5]);
  // Two linear layers next to each other: 0.5·4 + 0.5·6 − 20 stays below 0.
  const linear = {
    '0.weight': halved['0.weight'],
    '0.bias': { shape: [1], values: [-20] },
    '1.weight': halved['2.weight'],
  };
  assertNear(await rebuilt(await imported(safetensors(linear), pairs, raw), probe), [-15, -15]);
  const metadata = safetensors(halved, (header) => ({ __metadata__: { format: 'pt' }, ...header }));
  assertNear(await rebuilt(await imported(metadata, pairs, raw), probe), [5, 5]);
  // More than nine layers are in the order of their numbers, not of their names.
  const identity = { shape: [2, 2], values: [1, 0, 0, 1] };
  const many: Record<string, Written> = { '10.weight': { shape: [2, 2], values: [1, 0, 1, 0] } };
  for (let i = 0; i < 10; i += 2)
    many[`${i}.weight`] = i === 8 ? { shape: [2, 2], values: [0, 1, 1, 0] } : identity;
  assertNear(await rebuilt(await imported(safetensors(many), pairs, raw), probe), [6, 6]);
});

test('scores of an imported network rise with the error, and are finite for all doubles', async () => {
  for (const scale of ['training', 'none']) {
    const detector = await imported(safetensors(halved), pairs, { activation: 'relu', scale });
    let last = -1;
    for (const far of [1e2, 1e5, 1e16, 1e17, 1e40, 1e80, 1e99]) {
      const score = new Float64Array(1);
      await detector.score(Float64Array.of(far, 5), 1, score);
      assert.ok((score[0] as number) > last, `${far}: ${score[0] ?? ''} after ${last}`);
      last = score[0] as number;
    }
    const extremes = [1.7e308, -1.7e308, 5e-324, 0];
    const values = Float64Array.from(extremes.flatMap((a) => extremes.flatMap((b) => [a, b])));
    const scores = new Float64Array(16);
    await detector.score(values, 16, scores);
    assert.ok(
      scores.every((score) => score >= 0 && score < 1),
      scores.join(),
    );
    const { contributions, expected: range } = await detector.explain(values, 16);
    assert.ok(contributions.every(Number.isFinite) && range?.low.every(Number.isFinite));
  }
});

test('a file that is damaged, too large or made for something else is refused', async () => {
  const good = safetensors(halved);
  const edited = (name: string, change: Record<string, unknown>): Buffer =>
    safetensors(halved, (header) => ({ ...header, [name]: { ...header[name], ...change } }));
  const withTensor = (name: string, tensor: Written): Buffer => safetensors({ ...halved, [name]: tensor });
  const tooLong = Buffer.from(good);
  tooLong.writeBigUInt64LE(BigInt(HEADER_BYTES_MAX + 1));
  const endless = Buffer.from(good);
  endless.writeBigUInt64LE(2n ** 64n - 1n);
  const refused: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /no safetensors/],
    ['header cut', good.subarray(0, 40), /cut short/],
    ['numbers cut', good.subarray(0, -1), /has the bytes/],
    ['more behind', Buffer.concat([good, Buffer.alloc(8)]), /8 bytes behind/],
    ['header too large', tooLong, /header of 1048577 bytes/],
    ['header without end', endless, /header of 18446744073709551615 bytes/],
    ['no JSON', framed('{"0.weight": '), /no JSON/],
    ['no object', framed('[]'), /no JSON object/],
    ['no tensors', framed('{}'), /no layer/],
    ['no shape', safetensors(halved, (header) => ({ ...header, '0.bias': { dtype: 'F64' } })), /'0\.bias'/],
    ['negative shape', edited('0.weight', { shape: [-1, -2] }), /'0\.weight'/],
    ['half floats', edited('0.weight', { dtype: 'F16' }), /type F16/],
    ['overlap', edited('0.bias', { data_offsets: [8, 16] }), /has the bytes/],
    ['gap', edited('2.bias', { data_offsets: [48, 64] }), /has the bytes/],
    ['outside', edited('2.bias', { shape: [3], data_offsets: [40, 64] }), /has the bytes/],
    ['too many numbers', edited('0.weight', { shape: [2 ** 40, 2 ** 40] }), /has the bytes/],
    ['NaN', withTensor('2.bias', { shape: [2], values: [NaN, 1] }), /has NaN/],
    ['infinite', withTensor('2.bias', { shape: [2], values: [1, -Infinity] }), /has -Infinity/],
    ['three dimensions', withTensor('0.weight', { shape: [1, 2, 1], values: [1, 1] }), /\[1, 2, 1\]/],
    ['bias of another width', withTensor('0.bias', { shape: [2], values: [1, 1] }), /'0\.bias'/],
    ['bias alone', withTensor('4.bias', { shape: [2], values: [1, 1] }), /no weight beside/],
    ['another kind of layer', withTensor('1.running_mean', { shape: [1], values: [1] }), /running_mean/],
    ['two Sequentials', withTensor('a.0.weight', { shape: [2, 2], values: [1, 0, 0, 1] }), /neither one/],
    [
      'layers that do not fit',
      withTensor('2.weight', { shape: [2, 2], values: [1, 0, 0, 1] }),
      /takes 2 numbers/,
    ],
    [
      'narrow end',
      safetensors({ '0.weight': halved['0.weight'], '0.bias': halved['0.bias'] }),
      /last layer gives 1 numbers; there are 2/,
    ],
  ];
  for (const [name, file, message] of refused) {
    await assert.rejects(
      imported(file, pairs, { activation: 'relu' }),
      (error: unknown) => error instanceof TrainingFault && message.test(error.message),
      name,
    );
  }
  const wide = matrixOf(expected.training);
  await assert.rejects(imported(good, wide, {}), /takes 2 numbers; there are 4 features/);
  const wild = { '0.weight': { shape: [2, 2], values: [1e300, 0, 0, 1e300] } };
  const twice = safetensors({ ...wild, '1.weight': wild['0.weight'] });
  await assert.rejects(imported(twice, pairs, {}), /not finite/);
});

test('what training alone goes by is refused with an import, unless it is the default', async () => {
  await imported(safetensors(halved), pairs, { epochs: 60 });
  for (const options of [{ hidden: [4] }, { networks: 1 }, { epochs: 61 }, { noise: 0 }])
    await assert.rejects(
      imported(safetensors(halved), pairs, options),
      (error) => error instanceof DetectorConfigFault && error.key[0] === Object.keys(options)[0],
    );
});
