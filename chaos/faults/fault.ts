import type { Cluster } from '../cluster/cluster.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Wire } from '../network/wire.js';
import type { Workload } from '../workload/workload.js';

/** Everything that a fault can be done to. */
export interface Stage {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly wire: Wire;
  readonly workload: Workload;
}

export type FaultGroup = 'worker' | 'broker' | 'network' | 'input';

/** What two faults at once would fight over. */
export type Resource = 'brokers' | 'supervisor' | 'writer' | 'next-commit' | 'lines' | 'members';

export interface Fault {
  readonly name: string;
  readonly group: FaultGroup;
  readonly takes: readonly Resource[];
  /**
   * Does it and undoes it: the promise resolves when nothing of it is left but what has to recover.
   * @returns what was done to whom; null when there was nothing to do it to
   */
  inflict(stage: Stage, how: Manner): Promise<string | null>;
}

export interface Manner {
  /** Uniform in [0, 1): a generator of its own, from the seed, the kind, and how often the kind was dealt before. */
  readonly random: () => number;
  /** Called when it strikes: the time to recover counts from there. */
  readonly strikes: () => void;
  /** Aborts when the run ends early: undo at once. */
  readonly signal: AbortSignal;
}

/** One of the list. */
export function pick<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** Uniform in [from, to). */
export function between(from: number, to: number, random: () => number): number {
  return from + (to - from) * random();
}
