import { ModelFault } from './detector.js';
import type { Model } from './model-file.js';
import { thresholdFor, thresholdWithin } from './score-quantiles.js';

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

/** @param rowsPerDay null where the training data have no times */
export function budgetShare(alarmsPerDay: number, rowsPerDay: number | null): number {
  if (rowsPerDay === null)
    throw new ModelFault(
      'the training data do not say how many events there are a day, which a threshold of alarmsPerDay needs; ' +
        'train from the topic, or say it: outrider train --events-per-day N',
    );
  return Math.min(CONTAMINATION_MAX, alarmsPerDay / rowsPerDay);
}
