import type { TaskStatus } from '../pipeline/task-context.js';
import type { StallReason } from '../errors.js';
import type { ModelIdentity } from '../model.js';

/** What a worker tells its supervisor over the process channel, every REPORT_INTERVAL_MS and at its end. */
export interface WorkerReport {
  readonly kind: 'report';
  readonly joined: boolean;
  /** Is in the group, which does not rebalance. */
  readonly inGroup: boolean;
  /** In the group; null before the first join. */
  readonly memberId: string | null;
  readonly partitions: readonly TaskStatus[];
  readonly model: ModelIdentity;
  /** Why it cannot go on for now (the registry is down, a broker does not answer), or null. */
  readonly waiting: string | null;
  /** Why it is about to end and start again, or null. */
  readonly stalled: string | null;
  readonly totals: Totals;
  /** prom-client's JSON of the worker's registry. */
  readonly metrics: readonly object[];
}

/** What a worker that ends by an error of its own says before it exits with the error's code. */
export interface WorkerFailure {
  readonly kind: 'failure';
  readonly message: string;
  readonly exitCode: number;
  /** Starting again cannot help: a topic, a right or a retained offset is missing, and not only not known yet. */
  readonly permanent: boolean;
  /** What it did not do any more, when that is why it ends. */
  readonly stall: StallReason | null;
}

export type WorkerMessage = WorkerReport | WorkerFailure;

export interface Totals {
  readonly events: number;
  readonly anomalies: number;
  readonly deadLetters: number;
}

export const NO_TOTALS: Totals = { events: 0, anomalies: 0, deadLetters: 0 };

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    events: a.events + b.events,
    anomalies: a.anomalies + b.anomalies,
    deadLetters: a.deadLetters + b.deadLetters,
  };
}

export const REPORT_INTERVAL_MS = 250;
