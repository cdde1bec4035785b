import type { Logger } from 'pino';
import type { OutriderError } from '../errors.js';
import type { Clock } from '../model.js';
import type { WorkerMetrics } from '../observe/worker-metrics.js';
import type { PartitionSource } from '../ports.js';
import type { Producer } from '../publish/producer.js';
import type { EventPublisher } from '../publish/publisher.js';
import type { Course } from './course.js';
import type { Pace } from './pace.js';
import type { EventScorer } from './scorer.js';

/** What all partitions of a worker share. */
export interface TaskContext {
  readonly group: string;
  readonly course: Course;
  readonly commit: { readonly intervalMs: number; readonly maxRecords: number };
  readonly source: PartitionSource;
  readonly scorer: EventScorer;
  readonly publisher: EventPublisher;
  /** Holds events back; null where they go as fast as they can. */
  readonly pace: Pace | null;
  readonly producer: Producer;
  readonly metrics: WorkerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes of output of one partition that may wait for their commit; see in-flight.ts. */
  readonly pendingBytesMax: () => number;
  /** Resolves at the member's next heartbeat that the group accepts. */
  readonly nextHeartbeat: () => Promise<void>;
  /** This worker cannot go on with the partition until somebody does something. */
  readonly onFatal: (error: OutriderError) => void;
}

/**
 * A partition's life in a worker:
 * `released` (not ours) → `fencing` (ours, taking over, paused) → `running` → … → `released`;
 * any error of unknown outcome leads from `running` back to `fencing`; `draining` commits what is in hand and takes
 * no more.
 */
export type TaskState = 'released' | 'fencing' | 'running' | 'draining';

export interface TaskStatus {
  readonly partition: number;
  readonly state: TaskState;
  /** The next offset to be read; null before the first fence. */
  readonly position: number | null;
  readonly committed: number | null;
  readonly lag: number | null;
  /** The first offset that is not to be read; null where there is none. */
  readonly end: number | null;
  /** Since the position last moved, or since there was last nothing to move to. */
  readonly idleMs: number;
  /** Why it cannot be read from its position on, and what helps; null when it can. */
  readonly unreadable: string | null;
}
