import type { TaskStatus } from '../pipeline/task-context.js';
import type { ModelIdentity } from '../model.js';
import type { Totals, WorkerReport } from './messages.js';

/** A worker as its supervisor (or itself, alone) sees it. */
export interface WorkerView {
  readonly id: number;
  readonly pid: number | null;
  readonly state: 'starting' | 'running' | 'restarting' | 'stopping';
  readonly restarts: number;
  readonly report: WorkerReport | null;
  /** What its supervisor holds against it: silence now, or how its last process ended; null when it is fine. */
  readonly trouble: string | null;
}

export interface FleetStatus {
  readonly group: string;
  readonly topic: string;
  readonly ready: boolean;
  /** Why it is not ready; null when it is. */
  readonly reason: string | null;
  readonly model: ModelIdentity | null;
  readonly eventsPerSecond: number;
  readonly lag: number;
  readonly totals: Totals;
  readonly workers: readonly {
    readonly id: number;
    readonly pid: number | null;
    readonly state: WorkerView['state'];
    readonly restarts: number;
    readonly partitions: readonly TaskStatus[];
  }[];
}

/**
 * Ready: every worker reports, is in the group, waits for nothing, has not stalled, has taken over whatever it owns, and can
 * read it.
 * @returns why not, or null
 */
export function unreadyReason(workers: readonly WorkerView[], draining: boolean): string | null {
  if (draining) return 'draining';
  if (workers.length === 0) return 'no worker yet';
  for (const { id, state, report, trouble } of workers) {
    if (state !== 'running' || report === null)
      return `worker ${id} is ${state}${trouble === null ? '' : `: ${trouble}`}`;
    if (trouble !== null) return `worker ${id}: ${trouble}`;
    if (report.stalled !== null)
      return `worker ${id} has stalled and ends, to be started again: ${report.stalled}`;
    if (!report.joined)
      return `worker ${id} has not joined the group yet${report.waiting === null ? '' : `: ${report.waiting}`}`;
    if (!report.inGroup)
      return `worker ${id} is joining the group again${report.waiting === null ? '' : `: ${report.waiting}`}`;
    if (report.waiting !== null) return `worker ${id} waits: ${report.waiting}`;
    for (const { partition, state: taskState, unreadable } of report.partitions) {
      if (taskState !== 'running') return `partition ${partition} is ${taskState}`;
      if (unreadable !== null) return unreadable;
    }
  }
  return null;
}

export interface FleetFacts {
  readonly group: string;
  readonly topic: string;
  readonly draining: boolean;
  readonly eventsPerSecond: number;
  readonly totals: Totals;
}

export function fleetStatus(workers: readonly WorkerView[], facts: FleetFacts): FleetStatus {
  const reason = unreadyReason(workers, facts.draining);
  const tasks = workers.flatMap(({ report }) => report?.partitions ?? []);
  return {
    group: facts.group,
    topic: facts.topic,
    ready: reason === null,
    reason,
    model: workers.find(({ report }) => report !== null)?.report?.model ?? null,
    eventsPerSecond: Math.round(facts.eventsPerSecond),
    lag: tasks.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    totals: facts.totals,
    workers: workers.map(({ id, pid, state, restarts, report }) => ({
      id,
      pid,
      state,
      restarts,
      partitions: report?.partitions ?? [],
    })),
  };
}

/** Events per second over the last few seconds, from totals that are sampled now and then. */
export class RateMeter {
  private samples: { readonly atMs: number; readonly count: number }[] = [];

  constructor(private readonly windowMs = 5000) {}

  sample(count: number, atMs: number): void {
    this.samples.push({ atMs, count });
    while (this.samples.length > 2 && atMs - (this.samples[0]?.atMs ?? atMs) > this.windowMs)
      this.samples.shift();
  }

  get perSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return Math.max(0, ((last.count - first.count) * 1000) / (last.atMs - first.atMs));
  }
}
