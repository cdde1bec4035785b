import { type Columns, standardised, unstandardised } from './columns.js';
import { AgreementFault, type Reading } from './agreement.js';
import type { OnnxSession } from './session.js';
import type { RunPlan } from './session-thread.js';

/** Numbers that are handed to the thread at a time. */
const REQUEST_NUMBERS_MAX = 262_144;

/** A model with all that is known of how to ask it. */
export interface OpenModel {
  readonly session: OnnxSession;
  readonly plan: RunPlan;
  readonly reading: Reading;
  readonly columns: Columns;
  /** Whether rows are standardised before the model sees them. */
  readonly isScaled: boolean;
}

/** Both row-major, rows × width. */
export interface Reconstruction {
  /** In the units of the rows. */
  readonly expected: Float64Array;
  /** Squared, in standard deviations of the training rows. */
  readonly errors: Float64Array;
}

/** @returns how many rows go to the thread at a time: whole runs, and at least one */
export function requestRows({ batch, alone, width }: RunPlan): number {
  const step = alone ? 1 : batch;
  return Math.max(1, Math.floor(REQUEST_NUMBERS_MAX / (width * step))) * step;
}

/**
 * @returns one a row, higher is stranger: the score with its sign, or the mean of the squared errors
 * @throws Error when the model fails on a row
 */
export async function rawScores(model: OpenModel, values: Float64Array, rows: number): Promise<Float64Array> {
  const { width } = model.plan;
  if (model.reading.reconstruction) {
    const { errors } = await reconstruct(model, values, rows);
    return Float64Array.from({ length: rows }, (_, row) => {
      let sum = 0;
      for (let i = row * width; i < (row + 1) * width; i++) sum += errors[i] as number;
      return sum / width;
    });
  }
  const scores = await ask(model, values, rows, 1);
  return model.reading.higher === 'normal' ? scores.map((score) => -score) : scores;
}

/** Of a model that gives a reconstruction. */
export async function reconstruct(
  model: OpenModel,
  values: Float64Array,
  rows: number,
): Promise<Reconstruction> {
  const { columns, isScaled, plan } = model;
  const answer = await ask(model, values, rows, plan.width);
  const expected = isScaled ? unstandardised(answer, columns) : answer;
  const errors = expected.map(
    (value, i) => (((values[i] as number) - value) / (columns.deviation[i % plan.width] as number)) ** 2,
  );
  return { expected, errors };
}

/** @returns row-major, rows × size */
async function ask(
  { session, plan, reading, columns, isScaled }: OpenModel,
  values: Float64Array,
  rows: number,
  size: number,
): Promise<Float64Array> {
  const fed = values.subarray(0, rows * plan.width);
  const [given] = await session.run(
    plan,
    [reading.output],
    isScaled ? standardised(fed, columns) : fed,
    rows,
  );
  if (given?.data.length !== rows * size)
    throw new AgreementFault(
      `the output '${reading.output}' has the shape ${given?.dims.join(' × ') ?? ''} for ${plan.batch} rows`,
    );
  return given.data;
}
