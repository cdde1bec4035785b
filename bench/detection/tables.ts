import { groupBy } from '../../src/cli/group-by.js';
import { deviation, mean } from '../../src/cli/mean.js';
import type { TrainOn } from '../../src/detect/evaluate.js';
import type { Measurement } from './measure-all.js';
import type { Figure, Peers } from './peers.js';

type Metric = 'auroc' | 'averagePrecision';

const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  auroc: 'AUROC',
  averagePrecision: 'average precision',
};
const MODE_NAMES: Readonly<Record<TrainOn, string>> = {
  all: 'Same rows (`--train-on all`)',
  normal: 'Normal rows only (`--train-on normal`)',
};
/** With which the others are compared. */
const FOREST = 'isolation-forest';

/** Markdown, from a heading of the third level on. @param peers null where nobody's figures stand beside ours */
export function detectionTables(measurements: readonly Measurement[], peers: Peers | null): string {
  const modes = (['all', 'normal'] as const).flatMap((trainOn) => {
    const ofMode = measurements.filter((measurement) => measurement.trainOn === trainOn);
    return ofMode.length === 0 ? [] : [new Mode(trainOn, ofMode, peers).markdown()];
  });
  const seeds = [...new Set(measurements.map(({ seed }) => seed))].sort((a, b) => a - b);
  const sets = new Set(measurements.map(({ set }) => set)).size;
  const said =
    `${sets} sets, seeds ${seeds[0]} to ${seeds.at(-1)}, every detector with its defaults; mean ± standard deviation over ` +
    'seeds. Rows a second are the median over sets and seeds, on whatever machine it was: a comparison within the column.';
  return `${[said, ...modes, failures(measurements)].filter((part) => part !== '').join('\n\n')}\n`;
}

/** The tables of one way to train. */
class Mode {
  private readonly detectors: readonly string[];
  private readonly sets: readonly Measurement[];
  private readonly peerNames: readonly string[];
  private readonly runs: ReadonlyMap<string, readonly Measurement[]>;

  constructor(
    private readonly trainOn: TrainOn,
    private readonly measurements: readonly Measurement[],
    private readonly peers: Peers | null,
  ) {
    this.detectors = [...new Set(measurements.map(({ detector }) => detector))];
    this.sets = [...groupBy(measurements, ({ set }) => set).values()].map((ofSet) => ofSet[0] as Measurement);
    this.peerNames = peers?.names[trainOn] ?? [];
    this.runs = groupBy(measurements, ({ detector, set }) => JSON.stringify([detector, set]));
  }

  markdown(): string {
    return [
      `### ${MODE_NAMES[this.trainOn]}`,
      this.means(),
      this.againstPeer(),
      ...(['averagePrecision', 'auroc'] as const).flatMap((metric) => [
        `#### ${METRIC_NAMES[metric][0]?.toUpperCase()}${METRIC_NAMES[metric].slice(1)}, set by set`,
        this.bySet(metric),
      ]),
    ]
      .filter((part) => part !== '')
      .join('\n\n');
  }

  /** Of a detector or a peer; null where there is no figure. */
  private figure(name: string, set: string, metric: Metric): Figure | null {
    const runs = this.runs.get(JSON.stringify([name, set]));
    if (runs === undefined) return this.peers?.figure(name, set, this.trainOn, metric) ?? null;
    const values = runs.map((run) => run[metric]);
    if (values.includes(null)) return null;
    return { mean: mean(values as number[]), sd: deviation(values as number[]) };
  }

  private means(): string {
    const figured = this.sets.filter(({ set }) =>
      this.peerNames.every((name) => this.figure(name, set, 'averagePrecision') !== null),
    );
    const everywhere = `all ${this.sets.length} sets`;
    const there = `the ${figured.length} sets with scikit-learn's figures`;
    const header = [
      '',
      ...[everywhere, ...(this.peerNames.length === 0 ? [] : [there])].flatMap((sets) => [
        `AUROC, ${sets}`,
        `average precision, ${sets}`,
      ]),
      `worst against ${FOREST}`,
      'rows/s',
    ];
    const rows = [...this.peerNames, ...this.detectors].map((name) => [
      name,
      this.over(name, this.sets, 'auroc'),
      this.over(name, this.sets, 'averagePrecision'),
      ...(this.peerNames.length === 0
        ? []
        : [this.over(name, figured, 'auroc'), this.over(name, figured, 'averagePrecision')]),
      this.worst(name),
      this.rate(name),
    ]);
    return table(header, rows);
  }

  /** The mean over sets, where it has a figure for each of them. */
  private over(name: string, sets: readonly Measurement[], metric: Metric): string {
    const figures = sets.map(({ set }) => this.figure(name, set, metric));
    if (figures.length === 0 || figures.includes(null)) return '—';
    return mean(figures.map((figure) => (figure as Figure).mean)).toFixed(4);
  }

  /** Where its average precision is furthest below the forest's, or least above it. */
  private worst(name: string): string {
    let found: { set: string; difference: number } | null = null;
    for (const { set } of this.sets) {
      const own = this.figure(name, set, 'averagePrecision');
      const forest = this.figure(FOREST, set, 'averagePrecision');
      if (own === null || forest === null || name === FOREST) continue;
      const difference = own.mean - forest.mean;
      if (found === null || difference < found.difference) found = { set, difference };
    }
    return found === null ? '—' : `${signed(found.difference)} (${found.set})`;
  }

  private rate(name: string): string {
    const rates = this.measurements
      .filter(({ detector, failure }) => detector === name && failure === null)
      .map(({ rowsPerSecond }) => rowsPerSecond)
      .sort((a, b) => a - b);
    const median = rates[Math.floor(rates.length / 2)];
    return median === undefined ? '—' : Math.round(median).toLocaleString('en-US');
  }

  /** The same algorithm, ours and theirs. */
  private againstPeer(): string {
    const peer = this.peerNames[0];
    if (peer === undefined || !this.detectors.includes(FOREST)) return '';
    const said = (['auroc', 'averagePrecision'] as const).map((metric) => {
      const differences: number[] = [];
      let errors = 0;
      let level = 0;
      for (const { set } of this.sets) {
        const [own, theirs] = [this.figure(FOREST, set, metric), this.figure(peer, set, metric)];
        if (own === null || theirs === null) continue;
        const error = (theirs.sd ?? 0) / Math.sqrt(PEER_RUNS);
        differences.push(own.mean - theirs.mean);
        errors += error ** 2;
        if (own.mean >= theirs.mean - error) level++;
      }
      if (differences.length === 0) return '';
      const standardError = Math.sqrt(errors) / differences.length;
      const ofError =
        errors === 0
          ? ''
          : ` (one standard error of theirs, from the deviations over seeds: ${standardError.toFixed(4)})`;
      return `${METRIC_NAMES[metric]} ${signed(mean(differences), 4)}${ofError}, on ${level} of ${differences.length} sets at least theirs${errors === 0 ? '' : ' minus one standard error'}`;
    });
    return `\`${FOREST}\` against ${peer}, mean difference: ${said.filter((text) => text !== '').join('; ')}.`;
  }

  private bySet(metric: Metric): string {
    const names = [...this.peerNames, ...this.detectors];
    return table(
      ['set', 'rows', 'features', 'anomalies', ...names],
      this.sets.map(({ set, rows, features, anomalies }) => [
        set,
        rows.toLocaleString('en-US'),
        String(features),
        `${((100 * anomalies) / rows).toFixed(1)} %`,
        ...names.map((name) => cell(this.figure(name, set, metric))),
      ]),
    );
  }
}

/** Seeds behind a peer's deviation. */
const PEER_RUNS = 5;

function cell(figure: Figure | null): string {
  if (figure === null) return '—';
  return figure.sd === null ? figure.mean.toFixed(3) : `${figure.mean.toFixed(3)} ± ${figure.sd.toFixed(3)}`;
}

function signed(value: number, digits = 3): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = header.map((_, i) => (i === 0 ? '---' : '--:'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

function failures(measurements: readonly Measurement[]): string {
  const said = new Set(
    measurements.flatMap(({ detector, trainOn, failure }) =>
      failure === null ? [] : [`- ${detector}, ${trainOn}: ${failure}`],
    ),
  );
  return said.size === 0
    ? ''
    : `A dash stands where a detector cannot learn from a set:\n\n${[...said].join('\n')}`;
}
