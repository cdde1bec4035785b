import type { FleetStatus } from '../fleet/fleet-status.js';
import { RateMeter } from '../fleet/fleet-status.js';
import type { KnownReplay, ReplayedPartition } from './known-replays.js';

/** How far a replay is. */
export interface ReplayProgress {
  readonly id: string;
  readonly partitions: readonly PartitionProgress[];
  /** Offsets that are done and committed, and those still to be done. */
  readonly done: number;
  readonly left: number;
  /** Offsets committed in a second, of late. */
  readonly offsetsPerSecond: number;
  /** At that rate; null while there is none. */
  readonly secondsLeft: number | null;
  readonly workers: number;
}

export interface PartitionProgress {
  readonly partition: number;
  /** The first offset that is read, and the first that is not any more. */
  readonly start: number;
  readonly to: number;
  /** The first offset that is not committed yet. */
  readonly next: number;
}

/** Puts together what workers report of their partitions, those that nobody has for the moment included. */
export class ProgressTracker {
  private readonly next: Map<number, number>;
  private readonly partitions: readonly ReplayedPartition[];
  private readonly rate = new RateMeter();

  constructor(private readonly replay: KnownReplay) {
    this.partitions = replay.partitions;
    this.next = new Map(replay.partitions.map(({ partition, next }) => [partition, next]));
  }

  /** @param nowMs of a monotonic clock */
  update({ workers }: Pick<FleetStatus, 'workers'>, nowMs: number): ReplayProgress {
    for (const { partition, committed } of workers.flatMap((worker) => worker.partitions))
      this.next.set(partition, Math.max(this.next.get(partition) ?? 0, committed ?? 0));
    const partitions = this.partitions.map(({ partition, start, to, next }) => ({
      partition,
      start,
      to,
      next: Math.min(this.next.get(partition) ?? next, to),
    }));
    const done = partitions.reduce((sum, { start, next }) => sum + next - start, 0);
    const left = partitions.reduce((sum, { next, to }) => sum + to - next, 0);
    this.rate.sample(done, nowMs);
    const { perSecond } = this.rate;
    return {
      id: this.replay.id,
      partitions,
      done,
      left,
      offsetsPerSecond: perSecond,
      secondsLeft: perSecond > 0 ? left / perSecond : null,
      workers: workers.filter(({ pid }) => pid !== null).length,
    };
  }
}
