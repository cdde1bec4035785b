import type { z } from 'zod';

/**
 * A trained (or rule-based) detector. Pure: the same row gives the same score bit for bit, whatever stands beside it
 * in the batch.
 */
export interface Detector {
  /**
   * @param values row-major, rows × width, every value finite
   * @param scores takes one score per row, in [0, 1], higher is stranger
   */
  score(values: Float64Array, rows: number, scores: Float64Array): void;
  /**
   * How much each feature has to do with a row's score.
   * @returns one number per feature, non-negative, sum 1
   */
  contributions(row: Float64Array): Float64Array;
}

/** The numbers of a trained detector as they stand in a model folder. */
export type ModelArrays = Readonly<Record<string, Float64Array | Int32Array>>;

/** Rows × width, row-major. */
export interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly width: number;
}

/**
 * A kind of detector: how its configuration reads, how it is trained, how it comes back from a model folder.
 * `train` is null for kinds that need no training; those are made by `create` from the configuration alone.
 */
export interface DetectorKind {
  readonly type: string;
  /** The keys beside `type`, `model` and `threshold`. */
  readonly options: z.ZodType<DetectorOptions>;
  readonly train:
    ((data: Matrix, options: DetectorOptions, signal: AbortSignal) => Promise<ModelArrays>) | null;
  /**
   * @param features names in the vector's order
   * @throws DetectorConfigFault when the options do not fit the features
   * @throws ModelFault when the arrays are not what the kind needs
   */
  create(options: DetectorOptions, features: readonly string[], arrays: ModelArrays): Detector;
}

export type DetectorOptions = Readonly<Record<string, unknown>>;

/** The options do not fit: the key path inside `detector:` and what is wrong there. */
export class DetectorConfigFault extends Error {
  constructor(
    readonly key: readonly (string | number)[],
    message: string,
  ) {
    super(message);
  }
}

/** The arrays of a model are not usable. */
export class ModelFault extends Error {}
