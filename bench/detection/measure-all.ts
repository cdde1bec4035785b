import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DetectorKind } from '../../src/detect/detector.js';
import { type TrainOn, evaluateDetector } from '../../src/detect/evaluate.js';
import { seededOptions } from '../../src/detect/seeded-options.js';
import { UnusableFileError } from '../../src/errors.js';
import { readLabelledMatrix } from '../../src/files/labelled-matrix.js';

/** A detector on a set, once; what `outrider evaluate` gives for the same seed. */
export interface Measurement {
  readonly detector: string;
  readonly set: string;
  /** Of the set. */
  readonly rows: number;
  readonly features: number;
  readonly anomalies: number;
  readonly trainOn: TrainOn;
  readonly seed: number;
  /** Null where the detector cannot learn from the set; then `failure` says why. */
  readonly auroc: number | null;
  readonly averagePrecision: number | null;
  readonly rowsPerSecond: number;
  readonly failure: string | null;
}

export interface MeasuringTask {
  readonly folder: string;
  readonly kinds: readonly DetectorKind[];
  /** Seeds 0 … runs − 1. */
  readonly runs: number;
  /** Where measurements are kept, a line each; null for nowhere. */
  readonly file: string | null;
  report(line: string): void;
}

export async function measureAll({
  folder,
  kinds,
  runs,
  file,
  report,
}: MeasuringTask): Promise<Measurement[]> {
  const kept = file === null ? [] : readMeasurements(file);
  const known = new Map(kept.map((measurement) => [keyOf(measurement), measurement]));
  const all: Measurement[] = [];
  for (const name of readdirSync(folder).sort()) {
    const set = /^(.*)\.csv(\.gz)?$/.exec(name)?.[1];
    if (set === undefined) continue;
    const data = await readLabelledMatrix(join(folder, name), 'label');
    const facts = {
      set,
      rows: data.rows,
      features: data.width,
      anomalies: data.labels.reduce((sum, label) => sum + label, 0),
    };
    for (const trainOn of ['all', 'normal'] as const) {
      for (const kind of kinds) {
        const started = performance.now();
        for (let seed = 0; seed < runs; seed++) {
          const planned = { detector: kind.type, ...facts, trainOn, seed };
          let measurement = known.get(keyOf(planned));
          if (measurement === undefined) {
            measurement = { ...planned, ...(await measure(kind, data, trainOn, seed, set)) };
            if (file !== null) appendFileSync(file, `${JSON.stringify(measurement)}\n`);
          }
          all.push(measurement);
        }
        const { averagePrecision, failure } = all.at(-1) as Measurement;
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        report(`${set} ${trainOn} ${kind.type}: ${averagePrecision?.toFixed(3) ?? failure} in ${seconds} s`);
      }
    }
  }
  return all;
}

async function measure(
  kind: DetectorKind,
  data: Awaited<ReturnType<typeof readLabelledMatrix>>,
  trainOn: TrainOn,
  seed: number,
  source: string,
): Promise<Pick<Measurement, 'auroc' | 'averagePrecision' | 'rowsPerSecond' | 'failure'>> {
  const { signal } = new AbortController();
  try {
    const options = seededOptions(kind, {}, seed);
    const { auroc, averagePrecision, rowsPerSecond } = await evaluateDetector(
      kind,
      options,
      data,
      trainOn,
      seed,
      signal,
      { source },
    );
    return { auroc, averagePrecision, rowsPerSecond, failure: null };
  } catch (error) {
    // A set from which a detector cannot learn is a gap in the tables, with its reason below them.
    if (!(error instanceof UnusableFileError)) throw error;
    return { auroc: null, averagePrecision: null, rowsPerSecond: 0, failure: error.message };
  }
}

function readMeasurements(file: string): Measurement[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Measurement);
}

function keyOf({
  detector,
  set,
  rows,
  trainOn,
  seed,
}: Omit<Measurement, 'auroc' | 'averagePrecision' | 'rowsPerSecond' | 'failure'>): string {
  return JSON.stringify([detector, set, rows, trainOn, seed]);
}
