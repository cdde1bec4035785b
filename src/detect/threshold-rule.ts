import { ModelFault } from './detector.js';
import type { Model } from './model-file.js';
import { type ScoreQuantiles, thresholdFor, thresholdWithin } from './score-quantiles.js';

/** How a threshold is given: the score itself, the share of the training rows that reaches it, or a budget of alarms. */
export type ThresholdRule = number | { readonly contamination: number } | { readonly alarmsPerDay: number };

/** Largest share of the training rows that a threshold lets through. */
export const CONTAMINATION_MAX = 0.5;

/**
 * The threshold that a rule gives on a model's training scores.
 * @throws ModelFault where a budget is asked for and the training data do not say how many rows there were a day
 */
export function thresholdOf(
  rule: ThresholdRule,
  { quantiles, training }: Pick<Model, 'quantiles' | 'training'>,
): number {
  if (typeof rule === 'number') return rule;
  if ('contamination' in rule) return thresholdFor(quantiles, rule.contamination);
  return thresholdWithin(quantiles, budgetShare(rule.alarmsPerDay, training.rowsPerDay));
}

/** The rows of the training data that reach a threshold, as a share of all of them. */
export function shareAbove({ scores, ranks, rows }: ScoreQuantiles, threshold: number): number {
  let reached = 0;
  for (let i = 0; i < scores.length && (scores[i] as number) >= threshold; i++) reached = ranks[i] as number;
  return reached / rows;
}

/** @param rowsPerDay null where the training data have no times */
export function budgetShare(alarmsPerDay: number, rowsPerDay: number | null): number {
  if (rowsPerDay === null)
    throw new ModelFault(
      'the training data do not say how many events there are a day, which a threshold of alarmsPerDay needs; ' +
        'train from the topic, or say it: outrider train --events-per-day N',
    );
  return Math.min(CONTAMINATION_MAX, alarmsPerDay / rowsPerDay);
}
