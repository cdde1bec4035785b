import { messageOf } from '../errors.js';
import type { FeatureBatch, Reject } from '../model.js';
import type { Detector, Explanation } from './detector.js';
import type { Judge } from './judge.js';
import { takeRows } from './take-rows.js';

/** What a judge says of a batch. A row that its detector fails on is a reject, and its score NaN: no threshold is that. */
export interface Verdicts {
  /** One per row of the FeatureBatch, in [0, 1] or NaN. */
  readonly scores: Float64Array;
  /** The rows that reach the threshold, in their order. */
  readonly anomalies: Int32Array;
  /** One row for each of `anomalies`. */
  readonly explanation: Explanation;
  readonly rejects: Reject[];
}

/** Most batches have no anomaly: a detector in another thread is not woken for them. */
const NOTHING_EXPLAINED: Explanation = { contributions: new Float64Array(0), expected: null };

/** @param source index in the source batch, one per row of the FieldBatch */
export async function judgeBatch(judge: Judge, batch: FeatureBatch, source: Int32Array): Promise<Verdicts> {
  const { detector, threshold } = judge;
  const failures = new Map<number, string>();
  const scores = await scoreRows(detector, batch, failures);
  let anomalies = rowsFrom(scores, threshold);
  let explanation = NOTHING_EXPLAINED;
  if (anomalies.length > 0) {
    try {
      explanation = checked(
        await detector.explain(takeRows(batch, anomalies).values, anomalies.length),
        anomalies.length,
        batch.width,
      );
    } catch {
      // Which row it was is found one row at a time: each failure becomes a reject that carries its message.
      explanation = await explainOneByOne(detector, batch, anomalies, failures);
      for (const row of failures.keys()) scores[row] = NaN;
      anomalies = rowsFrom(scores, threshold);
    }
  }
  const rejects = [...failures].map(([row, message]): Reject => ({
    index: source[batch.row[row] as number] as number,
    reason: 'detector-failed',
    message,
  }));
  return { scores, anomalies, explanation, rejects };
}

/** Hot path, but for what fails. */
async function scoreRows(
  detector: Detector,
  { values, rows, width }: FeatureBatch,
  failures: Map<number, string>,
): Promise<Float64Array> {
  // A row that the detector passes over has no score, and not that of an ordinary one.
  const scores = new Float64Array(rows).fill(NaN);
  try {
    await detector.score(values, rows, scores);
  } catch {
    // As above: one row at a time, and who fails again is a reject.
    for (let row = 0; row < rows; row++) {
      // Not a part of `scores`: what was left there by the attempt that failed is not to be added to.
      const alone = Float64Array.of(NaN);
      try {
        await detector.score(values.slice(row * width, (row + 1) * width), 1, alone);
        scores[row] = alone[0] as number;
      } catch (error) {
        failures.set(row, messageOf(error));
        scores[row] = NaN;
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    const score = scores[row] as number;
    if (score >= 0 && score <= 1) continue;
    if (!failures.has(row)) failures.set(row, `the score is ${score}, not in [0, 1]`);
    scores[row] = NaN;
  }
  return scores;
}

async function explainOneByOne(
  detector: Detector,
  batch: FeatureBatch,
  anomalies: Int32Array,
  failures: Map<number, string>,
): Promise<Explanation> {
  const contributions: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  let hasExpected = true;
  for (const row of anomalies) {
    try {
      const one = checked(await detector.explain(takeRows(batch, [row]).values, 1), 1, batch.width);
      contributions.push(...one.contributions);
      if (one.expected === null) hasExpected = false;
      else {
        low.push(...one.expected.low);
        high.push(...one.expected.high);
      }
    } catch (error) {
      failures.set(row, messageOf(error));
    }
  }
  return {
    contributions: Float64Array.from(contributions),
    expected: hasExpected ? { low: Float64Array.from(low), high: Float64Array.from(high) } : null,
  };
}

/** What is not finite cannot be written as a reason. */
function checked(explanation: Explanation, rows: number, width: number): Explanation {
  const { contributions, expected } = explanation;
  const parts = expected === null ? [contributions] : [contributions, expected.low, expected.high];
  for (const part of parts) {
    if (part.length !== rows * width)
      throw new Error(`an explanation of ${part.length} numbers for ${rows} rows`);
    const at = part.findIndex((number) => !Number.isFinite(number));
    if (at >= 0) throw new Error(`the explanation of feature ${at % width} is ${part[at]}`);
  }
  return explanation;
}

function rowsFrom(scores: Float64Array, threshold: number): Int32Array {
  let count = 0;
  for (let row = 0; row < scores.length; row++) if ((scores[row] as number) >= threshold) count++;
  const rows = new Int32Array(count);
  let at = 0;
  for (let row = 0; row < scores.length; row++) if ((scores[row] as number) >= threshold) rows[at++] = row;
  return rows;
}
