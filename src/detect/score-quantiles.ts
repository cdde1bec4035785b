import { type Learnt, type ModelArrays, ModelFault } from './detector.js';

/** Of the strangest training rows the scores of so many are kept, every one. */
export const TAIL_POINTS_MAX = 5000;
/** Of the others so many, spread evenly. */
export const BODY_POINTS_MAX = 5000;

/** Default share of the training rows that counts as anomalous. */
export const CONTAMINATION_DEFAULT = 0.01;

/** The distribution of the training scores, exact at its strange end. Points largest first. */
export interface ScoreQuantiles {
  readonly scores: Float64Array;
  /** How many training rows have at least this score (ties in the order of the sort), from 1 up. */
  readonly ranks: Int32Array;
  /** Training rows in all. */
  readonly rows: number;
}

/** @param scores one per training row, at least one, all finite */
export function scoreQuantiles(scores: Float64Array): ScoreQuantiles {
  const descending = scores.slice().sort().reverse();
  const rows = descending.length;
  const tail = Math.min(rows, TAIL_POINTS_MAX);
  const body = Math.min(rows - tail, BODY_POINTS_MAX);
  const ranks = Int32Array.from({ length: tail + body }, (_, i) =>
    i < tail ? i + 1 : tail + Math.round(((i - tail + 1) / body) * (rows - tail)),
  );
  return { scores: Float64Array.from(ranks, (rank) => descending[rank - 1] as number), ranks, rows };
}

/**
 * The score that the strangest share of the training rows reaches; interpolated where it is not kept.
 * @param share in (0, 1]; below one row it is the strangest row's score
 */
export function thresholdFor({ scores, ranks, rows }: ScoreQuantiles, share: number): number {
  const rank = Math.min(rows, Math.max(1, Math.round(share * rows)));
  let low = 0;
  let high = ranks.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranks[middle] as number) < rank) low = middle + 1;
    else high = middle;
  }
  const at = scores[low] as number;
  if (ranks[low] === rank || low === 0) return at;
  const before = scores[low - 1] as number;
  const from = ranks[low - 1] as number;
  return before + ((at - before) * (rank - from)) / ((ranks[low] as number) - from);
}

/**
 * A score that at most the given share of the training rows reaches, the least of those that are kept: a budget of
 * alarms is not exceeded because many rows have the same score, nor because a score between two kept ones was guessed.
 * Where even the strangest score is shared by more, it is that one.
 */
export function thresholdWithin({ scores, ranks, rows }: ScoreQuantiles, share: number): number {
  // A share such as 0.29 is a little less than it says: of 100 rows it is meant to be 29.
  const budget = Math.floor(share * rows * (1 + 4 * Number.EPSILON));
  for (let i = scores.length - 1; i >= 0; i--) {
    const isTied = i + 1 < scores.length && scores[i] === scores[i + 1];
    // Rows between this rank and the next kept one may have this score as well.
    const reached = i + 1 < scores.length ? (ranks[i + 1] as number) - 1 : rows;
    if (!isTied && reached <= budget) return scores[i] as number;
  }
  return scores[0] as number;
}

/**
 * The share of the training rows that reaches a threshold; where the scores around it are not all kept it is at least
 * that.
 */
export function shareAbove({ scores, ranks, rows }: ScoreQuantiles, threshold: number): number {
  let reached = 0;
  for (let i = 0; i < scores.length && (scores[i] as number) >= threshold; i++) reached = ranks[i] as number;
  return reached / rows;
}

const SCORES = 'quantiles.scores';
const RANKS = 'quantiles.ranks';

/** As they stand among a model's arrays. */
export function quantileArrays({ scores, ranks, rows }: ScoreQuantiles): ModelArrays {
  return { [SCORES]: scores, [RANKS]: Int32Array.of(...ranks, rows) };
}

/** Takes the quantiles out of a model's arrays. @throws ModelFault when they are damaged */
export function takeQuantiles(arrays: ModelArrays): { quantiles: ScoreQuantiles; rest: Learnt['arrays'] } {
  const { [SCORES]: scores, [RANKS]: ranks, ...rest } = arrays;
  if (
    !(scores instanceof Float64Array) ||
    !(ranks instanceof Int32Array) ||
    ranks.length !== scores.length + 1
  )
    throw new ModelFault('the distribution of the training scores is missing');
  const rows = ranks.at(-1) as number;
  const isFalling = scores.every(
    (score, i) => score >= 0 && score <= 1 && (i === 0 || score <= (scores[i - 1] as number)),
  );
  const isRising = ranks.every((rank, i) => rank >= 1 && (i === 0 || rank >= (ranks[i - 1] as number)));
  if (scores.length === 0 || !isFalling || !isRising)
    throw new ModelFault('the distribution of the training scores is damaged');
  return { quantiles: { scores, ranks: ranks.slice(0, -1), rows }, rest };
}
