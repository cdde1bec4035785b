import type { Inflicted } from '../faults/storm.js';
import type { Reckoning } from './reckon.js';
import type { Cost } from './recovery.js';

export interface Quantiles {
  readonly median: number;
  readonly p99: number;
}

export interface FaultCount {
  readonly name: string;
  readonly group: string;
  readonly inflicted: number;
  /** Those for which there was nothing to hit. */
  readonly void: number;
  /** In seconds; null when none of them was measured. See Cost. */
  readonly recoverySeconds: Quantiles | null;
  readonly pauseSeconds: Quantiles | null;
}

export interface Report {
  readonly seed: number;
  readonly control: string | null;
  readonly minutes: number;
  readonly reckoning: Reckoning;
  /** These have to be zero too. */
  readonly faults: {
    readonly partitionsBehind: number;
    readonly transactionsOpen: number;
    readonly processFaults: number;
    readonly neverRecovered: number;
  };
  readonly longestStallSeconds: number;
  readonly rebalances: number;
  readonly restarts: number;
  /** Of these, because a worker stood still. */
  readonly stalls: number;
  readonly byKind: readonly FaultCount[];
  readonly examples: readonly string[];
  readonly passed: boolean;
}

/** How often each kind was tried and how long it took to recover, in the order of the kinds' names. */
export async function countFaults(done: readonly Inflicted[]): Promise<readonly FaultCount[]> {
  const kinds = new Map<string, { group: string; void: number; costs: Cost[]; inflicted: number }>();
  for (const { name, group, what, cost: pending } of done) {
    const kind = kinds.get(name) ?? { group, void: 0, costs: [], inflicted: 0 };
    kinds.set(name, kind);
    if (what === null) {
      kind.void++;
      continue;
    }
    kind.inflicted++;
    const cost = await pending;
    if (cost !== null) kind.costs.push(cost);
  }
  return [...kinds]
    .map(([name, { costs, ...kind }]) => ({
      name,
      ...kind,
      recoverySeconds: quantiles(costs.map(({ recoveryMs }) => recoveryMs / 1000)),
      pauseSeconds: quantiles(costs.map(({ pauseMs }) => pauseMs / 1000)),
    }))
    .sort((a, b) => a.group.localeCompare(b.group) || a.name.localeCompare(b.name));
}

/** Every count that has to be zero and is not, by name. */
export function violations({ reckoning, faults }: Pick<Report, 'reckoning' | 'faults'>): [string, number][] {
  return Object.entries({ ...reckoning.faults, ...faults }).filter(([, count]) => count > 0);
}

const WORDS: Readonly<Record<string, string>> = {
  missing: 'missing',
  duplicates: 'duplicates',
  unexpected: 'unexpected',
  orderInversions: 'order inversions per entity',
  abortedReads: 'aborted reads',
  acknowledgedLost: 'acknowledged, but lost by the cluster',
  partitionsBehind: 'partitions with committed != end',
  transactionsOpen: 'transactions left open',
  processFaults: 'processes that ended or complained',
  neverRecovered: 'faults without recovery',
};

export function reportText(report: Report): string {
  const { reckoning, faults, byKind } = report;
  const lines: [string, string | number][] = [
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
    ['restarts of workers', `${report.restarts} (${report.stalls} for a stall)`],
  ];
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
    '',
    ...report.examples.map((text) => `  ${text}`),
    report.passed ? 'Exactly once held.' : `EXACTLY ONCE DID NOT HOLD: ${wrong.join(', ')}.`,
  ].join('\n');
}

function secondsText(quantiles: Quantiles | null): string {
  const text = quantiles === null ? '-' : `${quantiles.median.toFixed(1)} / ${quantiles.p99.toFixed(1)} s`;
  return text.padStart(14);
}

function quantiles(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
  return { median: at(0.5), p99: at(0.99) };
}
