/** How well scores rank labelled rows. Ties are handled as scikit-learn does: rows of one score enter together. */
export interface RankingQuality {
  /** Area under the ROC curve, in [0, 1]; NaN without both classes. */
  readonly auroc: number;
  /** Average precision Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, in [0, 1]; NaN without positives. */
  readonly averagePrecision: number;
}

/**
 * @param scores one per row, higher is stranger
 * @param labels 1 for an anomaly, 0 otherwise, one per row
 * @throws RangeError when a score is NaN: such a row has no place in any order
 */
export function rankingQuality(scores: Float64Array, labels: Uint8Array): RankingQuality {
  const order = strangestFirst(scores);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  let truePositives = 0;
  let falsePositives = 0;
  let area = 0;
  let averagePrecision = 0;
  for (let i = 0; i < order.length;) {
    const score = scores[order[i] as number] as number;
    let tiedPositives = 0;
    let tiedNegatives = 0;
    for (; i < order.length && scores[order[i] as number] === score; i++) {
      if (labels[order[i] as number] === 1) tiedPositives++;
      else tiedNegatives++;
    }
    area += tiedNegatives * (truePositives + tiedPositives / 2);
    truePositives += tiedPositives;
    falsePositives += tiedNegatives;
    averagePrecision += (tiedPositives / positives) * (truePositives / (truePositives + falsePositives));
  }
  return {
    auroc: positives === 0 || negatives === 0 ? NaN : area / (positives * negatives),
    averagePrecision: positives === 0 ? NaN : averagePrecision,
  };
}

/** What precision and recall are at each score that there is, strangest first. */
export interface PrecisionRecallCurve {
  readonly precision: Float64Array;
  /** Rising; the last is 1. */
  readonly recall: Float64Array;
}

/** @param labels at least one of them 1 @throws RangeError as rankingQuality does */
export function precisionRecallCurve(scores: Float64Array, labels: Uint8Array): PrecisionRecallCurve {
  const order = strangestFirst(scores);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const precision: number[] = [];
  const recall: number[] = [];
  let hits = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    if (labels[row] === 1) hits++;
    const isTied = i + 1 < order.length && scores[order[i + 1] as number] === scores[row];
    if (isTied) continue;
    precision.push(hits / (i + 1));
    recall.push(hits / positives);
  }
  return { precision: Float64Array.from(precision), recall: Float64Array.from(recall) };
}

function strangestFirst(scores: Float64Array): Uint32Array {
  const nameless = scores.findIndex(Number.isNaN);
  if (nameless >= 0) throw new RangeError(`the score of row ${nameless} is NaN`);
  return Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
}

export interface DecisionQuality {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Precision, recall and F1 of `score >= threshold`; 0 where a denominator is 0. */
export function decisionQuality(
  scores: Float64Array,
  labels: Uint8Array,
  threshold: number,
): DecisionQuality {
  let hits = 0;
  let alarms = 0;
  let positives = 0;
  for (const [row, score] of scores.entries()) {
    const positive = labels[row] === 1;
    if (positive) positives++;
    if (score < threshold) continue;
    alarms++;
    if (positive) hits++;
  }
  const precision = alarms === 0 ? 0 : hits / alarms;
  const recall = positives === 0 ? 0 : hits / positives;
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
  };
}
