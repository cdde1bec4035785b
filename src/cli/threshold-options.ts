import { type Command, InvalidArgumentError } from 'commander';
import { CONTAMINATION_MAX, type ThresholdRule } from '../detect/threshold-rule.js';
import { UsageError } from '../errors.js';
import { number } from './options.js';

export interface ThresholdOptions {
  readonly contamination?: number;
  readonly alarmsPerDay?: number;
  readonly threshold?: number;
}

/** The three ways of saying where the threshold goes. */
export function thresholdOptions(command: Command): Command {
  return command
    .option(
      '--contamination <share>',
      'set the threshold so that this share of the training rows reaches it [detector.threshold, or 0.01]',
      contamination,
    )
    .option(
      '--alarms-per-day <n>',
      'set the threshold so that no more events than this reach it in a day like those of the training rows',
      positive,
    )
    .option('--threshold <score>', 'the threshold itself, from 0 to 1', score);
}

/** @returns null where no flag says it @throws UsageError where more than one does */
export function thresholdRuleOf(options: ThresholdOptions): ThresholdRule | null {
  const { contamination, alarmsPerDay, threshold } = options;
  const rules: [string, ThresholdRule][] = [];
  if (contamination !== undefined) rules.push(['--contamination', { contamination }]);
  if (alarmsPerDay !== undefined) rules.push(['--alarms-per-day', { alarmsPerDay }]);
  if (threshold !== undefined) rules.push(['--threshold', threshold]);
  if (rules.length > 1)
    throw new UsageError(`${rules.map(([flag]) => flag).join(' and ')}: one of them sets the threshold`);
  return rules[0]?.[1] ?? null;
}

/** As a person would say it. */
export function saidRule(rule: ThresholdRule): string {
  if (typeof rule === 'number') return 'as given';
  return 'contamination' in rule
    ? `contamination ${rule.contamination}`
    : `${rule.alarmsPerDay} ${rule.alarmsPerDay === 1 ? 'alarm' : 'alarms'} a day`;
}

/** A share of rows in (0, CONTAMINATION_MAX]. */
export function contamination(text: string): number {
  const share = number(text);
  if (!(share > 0 && share <= CONTAMINATION_MAX))
    throw new InvalidArgumentError(`a share above 0 and at most ${CONTAMINATION_MAX} is wanted`);
  return share;
}

export function positive(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is wanted');
  return value;
}

function score(text: string): number {
  const value = number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('a score from 0 to 1 is wanted');
  return value;
}
