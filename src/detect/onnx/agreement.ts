import type { FloatType, ValueInfo } from './runtime.js';
import type { OutputValues } from './session-thread.js';

/** The model is not of the agreed form. */
export class AgreementFault extends Error {}

/** Rows of a run that a model may insist on. */
const FIXED_BATCH_MAX = 65_536;

export interface ModelInput {
  readonly name: string;
  readonly type: FloatType;
  /** The number of rows that the model insists on, or null where any will do. */
  readonly fixedRows: number | null;
}

/** @throws AgreementFault when the model does not take one matrix of rows × width floats */
export function inputOf(inputs: readonly ValueInfo[], width: number): ModelInput {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw new AgreementFault(
      `the model has ${inputs.length} inputs (${inputs.map(({ name }) => `'${name}'`).join(', ')}), it must have one: a matrix of rows × features`,
    );
  const { name, type, shape = [] } = input;
  if (!isFloat(type))
    throw new AgreementFault(`the input '${name}' is ${said(input)}, it must be float or double`);
  if (shape.length !== 0 && shape.length !== 2)
    throw new AgreementFault(`the input '${name}' is ${said(input)}, it must be a matrix of rows × features`);
  const [rows, columns] = shape;
  if (typeof columns === 'number' && columns !== width)
    throw new AgreementFault(`the input '${name}' takes ${columns} features, there are ${width}`);
  if (typeof rows === 'number' && (rows < 1 || rows > FIXED_BATCH_MAX))
    throw new AgreementFault(`the input '${name}' takes ${rows} rows, 1 to ${FIXED_BATCH_MAX} are possible`);
  return { name, type, fixedRows: typeof rows === 'number' ? rows : null };
}

/** How the model's answer is read. */
export interface Reading {
  readonly output: string;
  /** What it gives for each row: one number, or the row as the model would have expected it. */
  readonly reconstruction: boolean;
  /** Which rows have the larger score; of a reconstruction the stranger ones. */
  readonly higher: 'stranger' | 'normal';
}

/** What of a reading the user says. */
export type Wishes = { readonly [K in keyof Reading]?: Reading[K] | undefined };

export const isFloat = (type: string | undefined): type is FloatType =>
  type === 'float32' || type === 'float64';

/** The outputs that are asked for before it is known what they are: numbers, and the labels that scikit-learn gives. */
export function readableOutputs(outputs: readonly ValueInfo[]): string[] {
  return outputs
    .filter(({ name, isTensor, type }) => isTensor && (isFloat(type) || isLabel(name, type)))
    .map(({ name }) => name);
}

const isLabel = (name: string, type: string | undefined): boolean => name === 'label' && type === 'int64';

/**
 * Which output is meant, from what each gave for some rows.
 * @param rows that were run, in runs of `batch`
 * @throws AgreementFault when none fits, or several do and the user does not say which
 */
export function readingOf(
  outputs: readonly ValueInfo[],
  given: ReadonlyMap<string, OutputValues>,
  { rows, batch, width }: { readonly rows: number; readonly batch: number; readonly width: number },
  wishes: Wishes,
): Reading {
  const fits = (name: string, reconstruction: boolean): boolean => {
    const dims = given.get(name)?.dims ?? [];
    const info = outputs.find((output) => output.name === name);
    if (!isFloat(info?.type) || dims[0] !== batch || dims.length > 2) return false;
    return reconstruction ? dims[1] === width : dims.length === 1 || dims[1] === 1;
  };
  const candidates = outputs
    .filter(({ name }) => wishes.output === undefined || wishes.output === name)
    .flatMap(({ name }) => [true, false].map((reconstruction) => ({ name, reconstruction })))
    .filter(({ reconstruction }) => reconstruction === (wishes.reconstruction ?? reconstruction))
    .filter(({ name, reconstruction }) => fits(name, reconstruction));
  const isOutlierDetector = areOutlierLabels(given, rows);
  const chosen =
    candidates.length === 1
      ? candidates[0]
      : candidates.find(
          ({ name, reconstruction }) => name === 'scores' && !reconstruction && isOutlierDetector,
        );
  if (chosen === undefined) {
    const listed = outputs.map((output) => said(output, given.get(output.name)?.dims)).join(', ');
    if (candidates.length === 0)
      throw new AgreementFault(
        `no output${wishes.output === undefined ? '' : ` '${wishes.output}'`} has one score a row or a reconstruction of ${width} features: the model has ${listed}`,
      );
    throw new AgreementFault(
      candidates.every(({ name }) => name === candidates[0]?.name)
        ? `the output '${candidates[0]?.name ?? ''}' may be a score or the reconstruction of the one feature: say detector.reconstruction`
        : `which output is meant? Say detector.output: the model has ${listed}`,
    );
  }
  const { name: output, reconstruction } = chosen;
  if (reconstruction) {
    if (wishes.higher === 'normal')
      throw new AgreementFault(`detector.higher is for scores, and '${output}' is a reconstruction`);
    return { output, reconstruction, higher: 'stranger' };
  }
  const higher = wishes.higher ?? (isOutlierDetector && SKLEARN_SCORES.has(output) ? 'normal' : undefined);
  if (higher === undefined)
    throw new AgreementFault(
      `nothing says which rows have the larger '${output}': say detector.higher: stranger, or normal`,
    );
  return { output, reconstruction, higher };
}

/** decision_function and score_samples of scikit-learn's outlier detectors, as skl2onnx names them. */
const SKLEARN_SCORES: ReadonlySet<string> = new Set(['scores', 'score_samples']);

/** Labels are -1 exactly where scores are below 0: an outlier detector of scikit-learn, where normal rows score higher. */
export function areOutlierLabels(given: ReadonlyMap<string, OutputValues>, rows: number): boolean {
  const labels = given.get('label')?.data;
  const scores = given.get('scores')?.data;
  if (labels?.length !== rows || scores?.length !== rows) return false;
  return labels.every((label, row) => label === ((scores[row] as number) < 0 ? -1 : 1));
}

function said({ name, isTensor, type, shape = [] }: ValueInfo, dims: readonly number[] = []): string {
  if (!isTensor) return `'${name}' (no tensor)`;
  const shown = dims.length > 0 ? dims : shape.map((dim) => (dim === '' ? '?' : dim));
  return `'${name}' (${type ?? 'of an unknown type'}, ${shown.length === 0 ? 'of any shape' : shown.join(' × ')})`;
}
