import { messageOf } from '../../errors.js';
import { type Matrix, TrainingFault } from '../detector.js';
import { type Wishes, areOutlierLabels, inputOf, readableOutputs, readingOf } from './agreement.js';
import { type RawScale, boundedScore, rawScaleOf } from './bounded-score.js';
import { columnsOf, standardised } from './columns.js';
import { type OpenModel, rawScores, requestRows } from './open-model.js';
import type { ValueInfo } from './runtime.js';
import type { OnnxSession } from './session.js';
import type { RunPlan } from './session-thread.js';

/**
 * Runs whose rows are a multiple of this have no remainder that vector instructions of at most 16 floats leave to a
 * scalar loop, which may round otherwise: a row's place in the run then does not show in its score.
 */
export const BATCH_ROWS_MULTIPLE = 16;

/** Training rows that are run to find out what the outputs are. */
const TRIAL_ROWS_MAX = 256;
/** Rows that are run by themselves, and turns of a whole run, to see that a row's score is its own. */
const STEADY_CHECKS = 8;

export interface Calibration {
  readonly model: OpenModel;
  readonly scale: RawScale;
  /** One per training row, in [0, 1]. */
  readonly scores: Float64Array;
  readonly notes: readonly string[];
}

/**
 * Finds out how a model is to be asked, asks it about the training rows, and places its scores by them.
 * @throws AgreementFault when the model is not of the agreed form
 * @throws TrainingFault when it does not suit the rows
 */
export async function calibrate(
  {
    session,
    inputs,
    outputs,
  }: {
    readonly session: OnnxSession;
    readonly inputs: readonly ValueInfo[];
    readonly outputs: readonly ValueInfo[];
  },
  data: Matrix,
  { batchRows, isScaled, wishes }: { batchRows: number; isScaled: boolean; wishes: Wishes },
  signal: AbortSignal,
): Promise<Calibration> {
  const { name: input, type, fixedRows } = inputOf(inputs, data.width);
  const batch = fixedRows ?? batchRows;
  const plan: RunPlan = { input, type, width: data.width, batch, alone: batch % BATCH_ROWS_MULTIPLE !== 0 };
  const columns = columnsOf(data);

  const names = readableOutputs(outputs);
  const rows = Math.min(data.rows, TRIAL_ROWS_MAX);
  const trial = data.values.subarray(0, rows * data.width);
  const given = await asFault(
    session.run(plan, names, isScaled ? standardised(trial, columns) : trial, rows),
  );
  const answers = new Map(names.map((name, i) => [name, given[i] ?? { dims: [], data: new Float64Array() }]));
  const reading = readingOf(outputs, answers, { rows, batch, width: data.width }, wishes);
  const notes = [
    reading.reconstruction
      ? `'${reading.output}' is read as the reconstruction of a row: its error is the score`
      : `'${reading.output}' is read as the score: ${reading.higher === 'normal' ? 'normal' : 'strange'} rows have the larger one`,
  ];

  let model: OpenModel = { session, plan, reading, columns, isScaled };
  if (!plan.alone && !(await isSteady(model, trial, rows))) {
    model = { ...model, plan: { ...plan, batch: fixedRows ?? 1, alone: true } };
    notes.push(
      'a row does not have the same score in every place of a run: rows are run one by one, which is slower',
    );
  }

  const raws = await trainingRaws(model, data, signal);
  const scale = rawScaleOf(raws);
  if (scale === null)
    throw new TrainingFault(`the model gives all ${data.rows} training rows the score ${raws[0]}`);
  if (areOutlierLabels(answers, rows) && reading.output === 'scores' && reading.higher === 'normal')
    notes.push(
      `the model's own limit, ${reading.output} below 0, is a threshold of ${boundedScore(0, scale).toFixed(4)}`,
    );
  return { model, scale, scores: raws.map((raw) => boundedScore(raw, scale)), notes };
}

/** Whether rows have the same bits in other places of a run, and without the others. */
async function isSteady(model: OpenModel, trial: Float64Array, trialRows: number): Promise<boolean> {
  const { batch, width } = model.plan;
  const rows = Math.min(trialRows, batch);
  const values = trial.subarray(0, rows * width);
  const raws = await asFault(rawScores(model, values, rows));
  for (let i = 0; i < Math.min(STEADY_CHECKS, rows); i++) {
    const row = Math.floor((i * rows) / STEADY_CHECKS) % rows;
    const [alone] = await asFault(rawScores(model, values.subarray(row * width, (row + 1) * width), 1));
    if (!Object.is(alone, raws[row])) return false;
    // Steps of 1, 2, 3, 5, 8 and so on: other places within any group of rows that are calculated together.
    const turn = (FIBONACCI[i] as number) % rows;
    const turned = new Float64Array(values.length);
    turned.set(values.subarray(turn * width));
    turned.set(values.subarray(0, turn * width), (rows - turn) * width);
    const again = await asFault(rawScores(model, turned, rows));
    if (!again.every((raw, at) => Object.is(raw, raws[(at + turn) % rows]))) return false;
  }
  return true;
}

const FIBONACCI = [1, 2, 3, 5, 8, 13, 21, 34];

/** @throws TrainingFault naming the row that has no finite score */
async function trainingRaws(model: OpenModel, data: Matrix, signal: AbortSignal): Promise<Float64Array> {
  const raws = new Float64Array(data.rows);
  const step = requestRows(model.plan);
  for (let from = 0; from < data.rows; from += step) {
    signal.throwIfAborted();
    const rows = Math.min(step, data.rows - from);
    const values = data.values.subarray(from * data.width, (from + rows) * data.width);
    raws.set(await asFault(rawScores(model, values, rows)), from);
  }
  const wrong = raws.findIndex((raw) => !Number.isFinite(raw));
  if (wrong >= 0) throw new TrainingFault(`the model gives row ${wrong} the score ${raws[wrong]}`);
  return raws;
}

/** What the model says of a row while it is trained is about the training data. */
async function asFault<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (cause) {
    throw new TrainingFault(messageOf(cause), { cause });
  }
}
