import type { z } from 'zod';

/**
 * A trained (or rule-based) detector. Pure: the same row gives the same score bit for bit, whatever stands beside it
 * in the batch. One that works outside the event loop returns a promise and leaves the arrays alone until it is
 * fulfilled; so does the caller.
 */
export interface Detector {
  /**
   * @param values row-major, rows × width, every value finite
   * @param scores takes one score per row, in [0, 1], higher is stranger
   * @throws Error when a row cannot be scored; the caller then asks for the rows one at a time
   */
  score(values: Float64Array, rows: number, scores: Float64Array): void | Promise<void>;
  /**
   * Why rows have the scores they have. Asked for anomalies only.
   * @param values as in `score`
   */
  explain(values: Float64Array, rows: number): Explanation | Promise<Explanation>;
  /** Why it is slower here than it could be; null or absent where it is not. */
  readonly slowBecause?: string | null;
  /** Frees what it holds outside the heap, a thread for instance; twice is once. A process may end without. */
  [Symbol.asyncDispose]?(): Promise<void>;
}

/** Both row-major, rows × width. */
export interface Explanation {
  /** How much each feature has to do with the row's score: non-negative, the sum of a row is 1. */
  readonly contributions: Float64Array;
  /** What the detector would have expected of the features, or null for one that has no such notion. */
  readonly expected: ExpectedRanges | null;
}

/** Row-major, rows × width, low <= high; both are the same number where one value is expected. */
export interface ExpectedRanges {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** The numbers of a trained detector as they stand in a model folder; a foreign model is bytes. */
export type ModelArrays = Readonly<Record<string, Float64Array | Int32Array | Uint8Array>>;

/** Rows × width, row-major. */
export interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly width: number;
}

/** What a detector is made of beside its options. */
export interface Learnt {
  readonly arrays: ModelArrays;
  /** What else has to be remembered, as JSON: which of the candidates was chosen, for instance. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** What training gives. */
export interface Trained extends Learnt {
  /**
   * One score per training row, where `score` would flatter them: a row that stands in the reference is its own
   * nearest neighbour. Absent: `score` is asked.
   */
  readonly trainingScores?: Float64Array;
  /** For the person who trains: what was chosen and why, a sentence each. */
  readonly notes?: readonly string[];
}

export interface TrainingInput {
  /** All finite, at least one row. */
  readonly data: Matrix;
  readonly options: DetectorOptions;
  /** The file that `outrider train --import` names. */
  readonly imported: Uint8Array | null;
}

/**
 * A kind of detector: how its configuration reads, how it is trained, how it comes back from a model folder.
 * `train` is null for kinds that need no training; those are made by `create` from the configuration alone.
 */
export interface DetectorKind {
  readonly type: string;
  /** The keys beside `type`, `model` and `threshold`. */
  readonly options: z.ZodType<DetectorOptions>;
  /** Whether `outrider train --import` makes sense for it. */
  readonly imports: 'never' | 'optional' | 'required';
  /**
   * @throws DetectorConfigFault when the options do not go together, or not with whether a file is imported
   * @throws TrainingFault when the data, the options or the imported file do not go together
   */
  readonly train: ((input: TrainingInput, signal: AbortSignal) => Promise<Trained>) | null;
  /**
   * @param features names in the vector's order
   * @throws DetectorConfigFault when the options do not fit the features
   * @throws ModelFault when what was learnt is not what the kind needs
   */
  create(options: DetectorOptions, features: readonly string[], learnt: Learnt): Detector | Promise<Detector>;
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

/** What a model folder holds is not usable. */
export class ModelFault extends Error {}

/** A detector cannot be trained from what it was given. */
export class TrainingFault extends Error {}
