import type { FaultCount, Quantiles } from './fault-counts.js';
import type { Reckoning } from './reckon.js';

export interface Report {
  readonly seed: number;
  readonly control: string | null;
  readonly minutes: number;
  readonly sent: number;
  /** Due, and not sent because too many events were on their way. */
  readonly heldBack: number;
  readonly reckoning: Reckoning;
  /** These have to be zero too. */
  readonly faults: {
    readonly partitionsBehind: number;
    readonly transactionsOpen: number;
    readonly processFaults: number;
    readonly neverRecovered: number;
    /** Of the suite's own watchers and producers. */
    readonly instrumentFaults: number;
    readonly workloadStarved: number;
  };
  readonly longestStallSeconds: number;
  readonly slowestRecovery: { readonly name: string; readonly seconds: number } | null;
  readonly rebalances: number;
  readonly restarts: number;
  /** Workers that ended because they stood still. */
  readonly stalls: number;
  /** Workers that their supervisor ended, because they did not stop or did not report. */
  readonly endsByForce: number;
  readonly startsWithoutBroker: number;
  readonly byKind: readonly FaultCount[];
  readonly examples: readonly string[];
  readonly passed: boolean;
}

/** Every count that has to be zero and is not, by name. */
export function violations({ reckoning, faults }: Pick<Report, 'reckoning' | 'faults'>): [string, number][] {
  return Object.entries({ ...reckoning.faults, ...faults }).filter(([, count]) => count > 0);
}

const WORDS: Readonly<Record<string, string>> = {
  missing: 'missing',
  duplicates: 'duplicates',
  unexpected: 'unexpected',
  orderInversions: 'order inversions per partition',
  entityInversions: 'order inversions per entity',
  abortedReads: 'aborted reads',
  liveRepeats: 'read again or out of order',
  liveMissing: 'never given to the live reader',
  acknowledgedLost: 'acknowledged, but lost by the cluster',
  inputForeign: 'in the input, but never sent',
  partitionsBehind: 'partitions with committed != end',
  transactionsOpen: 'transactions left open',
  processFaults: 'processes that ended or complained',
  neverRecovered: 'faults never recovered from in time',
  instrumentFaults: 'watchers and producers that ended',
  workloadStarved: 'workload starved',
};

export function reportText(report: Report): string {
  const { reckoning, faults, byKind } = report;
  const lines: [string, string | number][] = [
    ['sent', `${report.sent} (${report.heldBack} held back)`],
    ['acknowledged', reckoning.acknowledged],
    ['unknown', `${reckoning.unknown} (${reckoning.unknownWritten} of them written)`],
    ['expected', reckoning.expected],
    ['found', reckoning.found],
    ...Object.entries({ ...reckoning.faults, ...faults }).map(([name, count]): [string, number] => [
      WORDS[name] ?? name,
      count,
    ]),
    ['longest stall of a last stable offset', `${report.longestStallSeconds.toFixed(1)} s`],
    ['joins in rebalances', report.rebalances],
    ['slowest recovery', slowestText(report)],
    ['restarts of workers', report.restarts],
    ['stalls, ends by force', `${report.stalls}, ${report.endsByForce}`],
    ['starts without a broker', report.startsWithoutBroker],
  ];
  const never = byKind.filter(({ inflicted }) => inflicted === 0).map(({ name }) => name);
  const width = Math.max(...lines.map(([name]) => name.length));
  const names = Math.max(...byKind.map(({ name }) => name.length), 5);
  const total = byKind.reduce((sum, { inflicted }) => sum + inflicted, 0);
  const wrong = violations(report).map(([name, count]) => `${count} ${WORDS[name] ?? name}`);
  return [
    `seed ${report.seed}, ${report.minutes.toFixed(1)} minutes, ${total} faults${report.control === null ? '' : `, control ${report.control}`}`,
    '',
    ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    `  ${'fault'.padEnd(names)}  tried  void    recovery, p99      pause, p99`,
    ...byKind.map(
      ({ name, inflicted, void: missed, recoverySeconds, pauseSeconds }) =>
        `  ${name.padEnd(names)}  ${String(inflicted).padStart(5)}  ${String(missed).padStart(4)}  ${secondsText(recoverySeconds)}  ${secondsText(pauseSeconds)}`,
    ),
    ...(never.length === 0 ? [] : ['', `  never inflicted: ${never.join('; ')}`]),
    '',
    ...report.examples.map((text) => `  ${text}`),
    report.passed ? 'Exactly once held.' : `EXACTLY ONCE DID NOT HOLD: ${wrong.join(', ')}.`,
  ].join('\n');
}

function slowestText({ slowestRecovery: slowest }: Report): string {
  return slowest === null ? '-' : `${slowest.seconds.toFixed(1)} s (${slowest.name})`;
}

function secondsText(quantiles: Quantiles | null): string {
  const text = quantiles === null ? '-' : `${quantiles.median.toFixed(1)} / ${quantiles.p99.toFixed(1)} s`;
  return text.padStart(14);
}
