import type { Fault } from '../faults/fault.js';
import type { Inflicted } from '../faults/storm.js';
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

/** A fleet that takes longer than this to catch up has not recovered in time. A storm goes on meanwhile. */
const RECOVERY_LIMIT_MS = 300_000;

/**
 * How often each kind was tried and how long it took to recover, by group and name.
 * @param chosen kinds that could have come; those that did not are there with 0
 */
export async function countFaults(
  chosen: readonly Fault[],
  done: readonly Inflicted[],
): Promise<readonly FaultCount[]> {
  const counts = chosen.map(async ({ name, group }): Promise<FaultCount> => {
    const ofKind = done.filter((one) => one.name === name);
    const inflicted = ofKind.filter(({ what }) => what !== null);
    const costs = (await Promise.all(inflicted.map(({ cost }) => cost))).filter((cost) => cost !== null);
    return {
      name,
      group,
      inflicted: inflicted.length,
      void: ofKind.length - inflicted.length,
      recoverySeconds: quantiles(costs.map(({ recoveryMs }) => recoveryMs / 1000)),
      pauseSeconds: quantiles(costs.map(({ pauseMs }) => pauseMs / 1000)),
    };
  });
  return (await Promise.all(counts)).sort(
    (a, b) => a.group.localeCompare(b.group) || a.name.localeCompare(b.name),
  );
}

export async function isNeverRecovered({ what, cost }: Pick<Inflicted, 'what' | 'cost'>): Promise<boolean> {
  if (what === null) return false;
  return isTooMuch(await cost);
}

function isTooMuch(cost: Cost | null): boolean {
  return cost === null || cost.recoveryMs > RECOVERY_LIMIT_MS || cost.pauseMs > RECOVERY_LIMIT_MS;
}

/** The longest recovery of all that came to an end. */
export async function slowestRecovery(
  done: readonly Inflicted[],
): Promise<{ readonly name: string; readonly seconds: number } | null> {
  let slowest: { readonly name: string; readonly seconds: number } | null = null;
  for (const { name, cost } of done) {
    const seconds = ((await cost)?.recoveryMs ?? -1000) / 1000;
    if (seconds > (slowest?.seconds ?? -1)) slowest = { name, seconds };
  }
  return slowest;
}

function quantiles(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
  return { median: at(0.5), p99: at(0.99) };
}
