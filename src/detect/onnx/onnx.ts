import { z } from 'zod';
import { messageOf } from '../../errors.js';
import {
  type Detector,
  type DetectorKind,
  type Learnt,
  ModelFault,
  type Trained,
  TrainingFault,
  type TrainingInput,
} from '../detector.js';
import { AgreementFault, inputOf } from './agreement.js';
import type { RawScale } from './bounded-score.js';
import { BATCH_ROWS_MULTIPLE, calibrate } from './calibrate.js';
import type { Columns } from './columns.js';
import { wholenessFault } from './external-data.js';
import { OnnxDetector } from './onnx-detector.js';
import { type OpenModel, rawScores } from './open-model.js';
import { OnnxSession, SessionFault } from './session.js';

/** Largest model, in bytes: while it is loaded there are several copies of it. */
export const MODEL_BYTES_MAX = 134_217_728;

const batchRows = z
  .number()
  .int()
  .min(1)
  .max(65_536)
  .refine((rows) => rows === 1 || rows % BATCH_ROWS_MULTIPLE === 0, {
    message: `expected 1 or a multiple of ${BATCH_ROWS_MULTIPLE}`,
  });
const scale = z.enum(['none', 'standard']);
const threads = z.number().int().min(1).max(64);
const higher = z.enum(['stranger', 'normal']);

const options = z.strictObject({
  output: z.string().min(1).optional(),
  reconstruction: z.boolean().optional(),
  higher: higher.optional(),
  scale: scale.default('none'),
  batchRows: batchRows.default(64),
  threads: threads.default(1),
});
type Options = z.infer<typeof options>;

/** What was settled when the model was imported; the same numbers come of it ever after. */
const factsSchema = z.strictObject({
  output: z.string(),
  reconstruction: z.boolean(),
  higher,
  scale,
  batchRows,
  threads,
  runRows: z.number().int().min(1).max(65_536),
  runAlone: z.boolean(),
});
type Facts = z.infer<typeof factsSchema>;

/**
 * Any model in the Open Neural Network Exchange format that takes a matrix of rows × features and gives one score a
 * row, or the rows as it would have expected them (docs/ONNX.md). Training is importing it and placing its scores by
 * the training rows. It is run by onnxruntime-node in a thread of its own.
 */
export const onnx: DetectorKind = {
  type: 'onnx',
  options,
  imports: 'required',
  train,
  create,
};

async function train(
  { data, options: configured, imported }: TrainingInput,
  signal: AbortSignal,
): Promise<Trained> {
  if (imported === null)
    throw new TrainingFault("the detector 'onnx' is trained by importing a model: give --import FILE.onnx");
  const { scale: scaling, batchRows: wantedRows, threads: threadCount, ...wishes } = configured as Options;
  try {
    refuseUnfit(imported);
    const opened = await OnnxSession.open(imported, threadCount);
    await using _session = opened.session;
    signal.throwIfAborted();
    const asked = { batchRows: wantedRows, isScaled: scaling === 'standard', wishes };
    const { model, scale: raw, scores, notes } = await calibrate(opened, data, asked, signal);
    const { mean, deviation, median } = model.columns;
    const facts: Facts = {
      ...model.reading,
      scale: scaling,
      batchRows: wantedRows,
      threads: threadCount,
      runRows: model.plan.batch,
      runAlone: model.plan.alone,
    };
    const place = Float64Array.of(raw.median, raw.spread);
    return {
      arrays: { model: imported.slice(), raw: place, mean, deviation, median },
      facts,
      trainingScores: scores,
      notes,
    };
  } catch (cause) {
    throw translated(cause, TrainingFault);
  }
}

async function create(configured: unknown, features: readonly string[], learnt: Learnt): Promise<Detector> {
  const parsed = factsSchema.safeParse(learnt.facts ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ModelFault(`its facts are not those of an ONNX model: ${issue?.path.join('.') ?? ''}`);
  }
  const facts = parsed.data;
  refuseChanged(configured as Options, facts);
  const { bytes, columns, raw } = checkArrays(learnt, features.length);
  let session: OnnxSession | null = null;
  try {
    refuseUnfit(bytes);
    const opened = await OnnxSession.open(bytes, facts.threads);
    session = opened.session;
    const { name: input, type, fixedRows } = inputOf(opened.inputs, features.length);
    const { runRows: batch, runAlone: alone, output, reconstruction, higher: towards } = facts;
    if (fixedRows !== null && fixedRows !== batch)
      throw new AgreementFault(`the model takes ${fixedRows} rows at a time, not ${batch}`);
    const model: OpenModel = {
      session,
      plan: { input, type, width: features.length, batch, alone },
      reading: { output, reconstruction, higher: towards },
      columns,
      isScaled: facts.scale === 'standard',
    };
    await tryOut(model);
    return new OnnxDetector(model, raw);
  } catch (cause) {
    await session?.[Symbol.asyncDispose]();
    throw translated(cause, ModelFault);
  }
}

/** Asks for the medians' score. @throws AgreementFault when the model has no answer, or one of another shape */
async function tryOut(model: OpenModel): Promise<void> {
  try {
    await rawScores(model, model.columns.median, 1);
  } catch (cause) {
    throw new AgreementFault(messageOf(cause), { cause });
  }
}

/** @throws AgreementFault for what the runtime should not see */
function refuseUnfit(bytes: Uint8Array): void {
  if (bytes.length > MODEL_BYTES_MAX)
    throw new AgreementFault(`the model has ${bytes.length} bytes, ${MODEL_BYTES_MAX} is the most`);
  const fault = wholenessFault(bytes);
  if (fault !== null) throw new AgreementFault(fault);
}

/** The scores of the training rows, and so the threshold, were had with what was set then. */
function refuseChanged(configured: Options, facts: Facts): void {
  const keys = ['output', 'reconstruction', 'higher', 'scale', 'batchRows', 'threads'] as const;
  const changed = keys.find((key) => configured[key] !== undefined && configured[key] !== facts[key]);
  if (changed !== undefined)
    throw new ModelFault(
      `the model was imported with detector.${changed} ${facts[changed]}, the configuration says ${configured[changed]}; train it again`,
    );
}

function checkArrays(
  { arrays }: Learnt,
  width: number,
): { bytes: Uint8Array; columns: Columns; raw: RawScale } {
  const numbers = (name: string, length: number): Float64Array => {
    const array = arrays[name];
    if (!(array instanceof Float64Array) || array.length !== length || !array.every(Number.isFinite))
      throw new ModelFault(`the array '${name}' is missing or damaged`);
    return array;
  };
  const { model: bytes } = arrays;
  if (!(bytes instanceof Uint8Array)) throw new ModelFault("the array 'model' is missing");
  const columns = {
    mean: numbers('mean', width),
    deviation: numbers('deviation', width),
    median: numbers('median', width),
  };
  const [median = NaN, spread = NaN] = numbers('raw', 2);
  if (!(spread > 0) || !columns.deviation.every((by) => by > 0))
    throw new ModelFault('a spread of the training rows is not positive');
  return { bytes, columns, raw: { median, spread } };
}

/** What is wrong with the model, in the class of who asks; anything else as it is. */
function translated(cause: unknown, Fault: new (message: string, options: ErrorOptions) => Error): unknown {
  if (cause instanceof AgreementFault) return new Fault(cause.message, { cause });
  if (cause instanceof SessionFault)
    return new Fault(`the model cannot be loaded: ${cause.message}`, { cause });
  return cause;
}
