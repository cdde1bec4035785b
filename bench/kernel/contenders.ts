import { readFileSync } from 'node:fs';
import { referenceKernel } from '../../src/detect/forest/reference-kernel.js';
import { wasmKernel } from '../../src/detect/forest/wasm-kernel.js';
import { isolationForest } from '../../src/detect/isolation-forest.js';
import { runC } from './c-program.js';
import type { Scikit } from './scikit.js';
import { type Workload, trained } from './workload.js';

/** Somebody who scores the rows of a workload. */
export interface Contender {
  readonly name: string;
  /** @returns nanoseconds of processor time a row, the best pass of three */
  measure(): Promise<number>;
}

/** What the stretches of the WebAssembly kernel have too. */
const STRETCH_BYTES = 32 * 1024;
/** A batch of one takes its time: fewer rows. */
const SINGLE_ROWS = 2000;
const SCIKIT_SINGLE_ROWS = 50;

export interface Places {
  readonly program: string | null;
  readonly input: string;
  readonly sums: string;
}

/** @throws Error when C and the kernels do not have the same sums, bit for bit */
export async function contendersFor(
  workload: Workload,
  { program, input, sums }: Places,
  scikit: Scikit | null,
): Promise<Contender[]> {
  const { data, forest, arrays } = workload;
  const { values, rows, width } = data;
  const out = new Float64Array(rows);
  const names = Array.from({ length: width }, (_, i) => `f${i}`);
  const wasm = wasmKernel(forest, width);
  const reference = referenceKernel(forest, width);
  const whole = await isolationForest.create({}, names, { arrays });
  const extendedOptions = isolationForest.options.parse({ extended: true });
  const extended = await isolationForest.create(extendedOptions, names, {
    arrays: await trained(data, true),
  });

  const expected = new Float64Array(rows);
  reference.sum(values, rows, expected);
  wasm.sum(values, rows, out);
  assertSame('wasm', out, expected);

  const contenders: Contender[] = [
    ours('wasm', rows, () => wasm.sum(values, rows, out)),
    ours('wasm, rows one by one', SINGLE_ROWS, () => {
      for (let row = 0; row < SINGLE_ROWS; row++)
        wasm.sum(values.subarray(row * width, (row + 1) * width), 1, out);
    }),
    ours('typed arrays', rows, () => reference.sum(values, rows, out)),
    ours('wasm and 2^x: the score', rows, () => whole.score(values, rows, out)),
    ours('extended: the score', rows, () => extended.score(values, rows, out)),
  ];
  if (program !== null) {
    for (const layout of ['blocks', 'rows'] as const) {
      contenders.push({
        name: `C, ${layout === 'rows' ? 'rows as they come' : 'eight rows side by side'}`,
        measure: async () => {
          const ns = runC(program, input, sums, layout, STRETCH_BYTES);
          assertSame(`C, ${layout}`, doublesOf(sums), expected);
          return ns / rows;
        },
      });
    }
  }
  if (scikit !== null) {
    for (const batch of [1, 1000, 5000, 20_000]) {
      const count = batch === 1 ? SCIKIT_SINGLE_ROWS : rows;
      contenders.push({
        name: `scikit-learn, batches of ${batch}`,
        measure: async () => (await scikit.measure(batch, count)) / count,
      });
    }
  }
  return contenders;
}

function ours(name: string, rows: number, pass: () => void | Promise<void>): Contender {
  return {
    name,
    measure: async () => {
      let best = Infinity;
      for (let i = 0; i < 3; i++) {
        const started = process.cpuUsage();
        await pass();
        const { user, system } = process.cpuUsage(started);
        best = Math.min(best, user + system);
      }
      return (best * 1e3) / rows;
    },
  };
}

function doublesOf(file: string): Float64Array {
  const bytes = readFileSync(file);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
}

function assertSame(name: string, sums: Float64Array, expected: Float64Array): void {
  const row = expected.findIndex((sum, i) => !Object.is(sum, sums[i]));
  if (row !== -1 || sums.length !== expected.length)
    throw new Error(`${name}: the sum of row ${row} is ${sums[row]}, not ${expected[row]}`);
}
