/** The thread that runs a model: onnxruntime-node runs it on the thread that asks, where it would hold up everything. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import type { FloatType, Runtime, RuntimeSession, Tensor, ValueInfo } from './runtime.js';

export interface SessionTask {
  /** The file of onnxruntime-node. */
  readonly runtime: string;
  readonly bytes: Uint8Array;
  readonly threads: number;
}

/** How rows are given to the model. */
export interface RunPlan {
  readonly input: string;
  readonly type: FloatType;
  readonly width: number;
  /** Rows of every single run, so that each has the same shape. */
  readonly batch: number;
  /** Each row is run by itself, repeated `batch` times. */
  readonly alone: boolean;
}

export interface RunRequest extends RunPlan {
  readonly id: number;
  /** Row-major, rows × width; belongs to the thread from now on. */
  readonly values: Float64Array;
  readonly rows: number;
  readonly outputs: readonly string[];
}

/** What an output gave for all rows. */
export interface OutputValues {
  /** Of the first run. */
  readonly dims: readonly number[];
  /** Row-major, rows × what `dims` has after its first; empty where the first is not `batch`. */
  readonly data: Float64Array;
}

export type ThreadMessage =
  | { readonly kind: 'open'; readonly inputs: readonly ValueInfo[]; readonly outputs: readonly ValueInfo[] }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'ran'; readonly id: number; readonly outputs: readonly OutputValues[] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

function main(): void {
  const { runtime: file, bytes, threads } = workerData as SessionTask;
  const opening = open(file, bytes, threads);
  opening.then(
    ({ session }) =>
      say({ kind: 'open', inputs: session.inputMetadata ?? [], outputs: session.outputMetadata ?? [] }),
    (error: unknown) => say({ kind: 'unusable', message: firstLine(error) }),
  );
  // One after the other: the runtime would not run two at a time in one thread either.
  let last: Promise<unknown> = opening;
  parentPort?.on('message', (message: RunRequest | 'release') => {
    last = last.then(async () => {
      const { runtime, session } = await opening;
      if (message === 'release') {
        await session.release();
        parentPort?.close();
        return;
      }
      await answer(runtime, session, message);
    });
  });
}

async function open(
  file: string,
  bytes: Uint8Array,
  threads: number,
): Promise<{ runtime: Runtime; session: RuntimeSession }> {
  const runtime = createRequire(import.meta.url)(file) as Runtime;
  const session = await runtime.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
  });
  if (session.inputMetadata === undefined || session.outputMetadata === undefined)
    throw new Error('this release of onnxruntime-node is too old: 1.30 or later is needed');
  return { runtime, session };
}

async function answer(runtime: Runtime, session: RuntimeSession, request: RunRequest): Promise<void> {
  const { id } = request;
  try {
    const outputs = await runAll(runtime, session, request);
    say(
      { kind: 'ran', id, outputs },
      outputs.map(({ data }) => data.buffer as ArrayBuffer),
    );
  } catch (error) {
    say({ kind: 'failed', id, message: firstLine(error) });
  }
}

async function runAll(
  runtime: Runtime,
  session: RuntimeSession,
  request: RunRequest,
): Promise<OutputValues[]> {
  const { input, type, values, rows, width, batch, alone, outputs } = request;
  const step = alone ? 1 : batch;
  const fed = type === 'float32' ? new Float32Array(batch * width) : new Float64Array(batch * width);
  const taken: { dims: readonly number[]; data: Float64Array }[] = [];
  for (let from = 0; from < rows; from += step) {
    const count = Math.min(step, rows - from);
    for (let i = 0; i < batch; i++) {
      // Filled up with the last row: rows of other numbers might fail where these do not.
      const row = from + Math.min(i, count - 1);
      for (let column = 0; column < width; column++)
        fed[i * width + column] = values[row * width + column] as number;
    }
    if (type === 'float32') refuseTooLarge(fed, width);
    const ran = await session.run({ [input]: new runtime.Tensor(type, fed, [batch, width]) }, outputs);
    for (const [i, name] of outputs.entries()) {
      const { dims, data } = ran[name] as Tensor;
      const size = dims.slice(1).reduce((product, dim) => product * dim, 1);
      const isPerRow = dims[0] === batch && data.length === batch * size;
      const into = (taken[i] ??= { dims: [...dims], data: new Float64Array(isPerRow ? rows * size : 0) });
      if (into.data.length > 0 && (!isPerRow || into.data.length !== rows * size))
        throw new Error(`the output '${name}' has another shape for other rows`);
      // Numbers, bigints of an integer tensor, or booleans.
      for (let j = 0; j < (into.data.length / rows) * count; j++)
        into.data[from * size + j] = Number(data[j]);
    }
  }
  return taken;
}

function refuseTooLarge(fed: Float32Array | Float64Array, width: number): void {
  const at = fed.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new Error(
      `feature number ${(at % width) + 1} is too large for the model, whose numbers are of 32 bits`,
    );
}

function say(message: ThreadMessage, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...transfer]);
}

/** The runtime's messages name its own source files and functions, and go on over lines. */
function firstLine(error: unknown): string {
  const [line = ''] = messageOf(error)
    .replace(/\/onnxruntime_src\/\S+ [^(]*\([^()]*\)(?: const)? /g, '')
    .trim()
    .split('\n');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

main();
