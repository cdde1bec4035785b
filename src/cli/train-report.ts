import { relative } from 'node:path';
import type { Config } from '../config/config.js';
import { type FeatureSummary, summariseFeatures } from '../detect/feature-summary.js';
import type { Model, TrainingRange } from '../detect/model-file.js';
import { shareAbove } from '../detect/score-quantiles.js';
import type { ThresholdRule } from '../detect/threshold-rule.js';
import { CONTAMINATION_MAX } from '../detect/threshold-rule.js';
import type { TrainingData } from '../pipeline/training-collector.js';
import { plural } from '../plural.js';
import { type Printer, grouped } from './output.js';
import { saidRule } from './threshold-options.js';

/** Features that are printed one by one. */
const FEATURES_SHOWN_MAX = 20;

export interface TrainingFacts {
  readonly folder: string;
  readonly model: Model;
  readonly data: TrainingData;
  readonly notes: readonly string[];
  readonly seconds: number;
  readonly config: Config;
}

/** The range of the topic that the rows are a sample of, as the model has it, and what was read of it. */
export interface RangeSummary extends TrainingRange {
  readonly offsets: number;
  readonly drawn: number;
  readonly records: number;
}

/** What `train --json` prints. */
export interface TrainingSummary {
  /** The folder. */
  readonly model: string;
  readonly name: string;
  readonly version: string;
  readonly detector: string;
  readonly source: string;
  readonly imported: string | null;
  readonly rows: number;
  readonly rejected: number;
  readonly firstRejected: TrainingData['firstRejected'];
  readonly rowsPerDay: number | null;
  readonly range: RangeSummary | null;
  readonly features: readonly FeatureSummary[];
  readonly threshold: number;
  readonly thresholdRule: ThresholdRule;
  /** Of the training rows, as a share. */
  readonly shareAbove: number;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  readonly seed: number | null;
  readonly seconds: number;
}

export function trainingSummary({
  folder,
  model,
  data,
  notes,
  seconds,
  config,
}: TrainingFacts): TrainingSummary {
  const { name, version, detector, threshold, thresholdRule, training, seed } = model;
  return {
    model: folder,
    name,
    version,
    detector,
    source: training.data,
    imported: training.imported,
    rows: data.rows,
    rejected: data.rejected,
    firstRejected: data.firstRejected,
    rowsPerDay: training.rowsPerDay,
    range: rangeSummary(data),
    features: summariseFeatures(data, model.features),
    threshold,
    thresholdRule,
    shareAbove: shareAbove(model.quantiles, threshold),
    notes,
    warnings: warningsOf(model, config),
    seed,
    seconds,
  };
}

function rangeSummary({ sampled }: TrainingData): RangeSummary | null {
  if (sampled === null) return null;
  const { range, ...read } = sampled;
  return { ...range, ...read };
}

function warningsOf(model: Model, { file, detector }: Config): string[] {
  const { thresholdRule, quantiles, threshold, training } = model;
  const warnings: string[] = [];
  const share = wantedShare(thresholdRule, training.rowsPerDay);
  const rows = grouped(training.rows);
  if (typeof thresholdRule === 'object' && share * training.rows < 1)
    warnings.push(
      `${saidRule(thresholdRule)} is less than one of these ${rows} rows: the threshold is the score of the strangest, and what is rarer cannot be told apart; train on more rows`,
    );
  if (share > CONTAMINATION_MAX)
    warnings.push(
      `${saidRule(thresholdRule)} is more than half of the ${grouped(training.rowsPerDay ?? 0)} events of a day: the threshold lets half of them through`,
    );
  const above = shareAbove(quantiles, threshold);
  if (typeof thresholdRule === 'object' && above * training.rows > Math.max(1, 2 * share * training.rows))
    warnings.push(
      `${percent(above)} of the training rows reach the threshold, more than was asked for: as many have the same score`,
    );
  const running = detector.threshold;
  if (running !== null && JSON.stringify(running) !== JSON.stringify(thresholdRule))
    warnings.push(
      `${file}: detector.threshold (${typeof running === 'number' ? running : saidRule(running)}) takes the place of the model's threshold when it runs: take it out, or write ${writtenRule(thresholdRule)} there`,
    );
  return warnings;
}

/** As the configuration has it. */
function writtenRule(rule: ThresholdRule): string {
  if (typeof rule === 'number') return String(rule);
  return 'contamination' in rule
    ? `{contamination: ${rule.contamination}}`
    : `{alarmsPerDay: ${rule.alarmsPerDay}}`;
}

function wantedShare(rule: ThresholdRule, rowsPerDay: number | null): number {
  if (typeof rule === 'number') return 0;
  return 'contamination' in rule ? rule.contamination : rule.alarmsPerDay / (rowsPerDay ?? Infinity);
}

export function printTraining(printer: Printer, summary: TrainingSummary): void {
  const { detector, name, version, rows, rejected, source, seconds, features } = summary;
  printer.line(
    `${detector} ${name}@${version} trained on ${grouped(rows)} rows of ${source} in ${seconds.toFixed(1)} s`,
  );
  if (summary.range !== null) printRange(printer, summary.range);
  if (rejected > 0)
    printer.line(
      `${plural(rejected, 'row was', 'rows were')} not usable and ${rejected === 1 ? 'is' : 'are'} left out; the first: ${summary.firstRejected?.message ?? ''}`,
    );
  if (summary.rowsPerDay !== null)
    printer.line(`about ${plural(Math.round(summary.rowsPerDay), 'event')} a day`);
  printer.line(
    `threshold ${summary.threshold.toFixed(4)} (${saidRule(summary.thresholdRule)}), reached by ${percent(summary.shareAbove)} of the training rows; ` +
      `written to ${relative('.', summary.model) || '.'}`,
  );
  for (const note of summary.notes) printer.line(note);
  for (const warning of summary.warnings) printer.line(`! ${warning}`);
  const constant = features.filter((feature) => feature.constant).length;
  if (constant > 0)
    printer.line(
      `${constant} of ${plural(features.length, 'feature')} ${constant === 1 ? 'is' : 'are'} constant`,
    );
  printer.line();
  printer.table(
    ['feature', 'min', 'median', 'mean', 'max', ''],
    features
      .slice(0, FEATURES_SHOWN_MAX)
      .map((f) => [
        f.name,
        short(f.min),
        short(f.median),
        short(f.mean),
        short(f.max),
        f.constant ? 'constant' : '',
      ]),
  );
  if (features.length > FEATURES_SHOWN_MAX)
    printer.line(`… and ${features.length - FEATURES_SHOWN_MAX} more; --json has all`);
}

/** Partitions whose offsets are printed. */
const PARTITIONS_SHOWN_MAX = 8;

function printRange(printer: Printer, { drawn, offsets, records, partitions, seed }: RangeSummary): void {
  const shown = partitions
    .slice(0, PARTITIONS_SHOWN_MAX)
    .map(({ partition, from, to }) =>
      from < to ? `${partition}: ${from} to ${to - 1}` : `${partition}: none`,
    );
  if (partitions.length > shown.length)
    shown.push(`… and ${partitions.length - shown.length} more partitions`);
  printer.line(
    drawn < offsets
      ? `a sample of ${grouped(drawn)} of ${grouped(offsets)} offsets, drawn with seed ${seed} (${shown.join(', ')})`
      : `all ${grouped(offsets)} offsets of the range (${shown.join(', ')})`,
  );
  if (records < drawn)
    printer.line(
      `${grouped(drawn - records)} of these ${grouped(drawn)} offsets have no event: the log has holes, from compaction or transactions`,
    );
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}

/** `0.98 %`, with three significant digits. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
