import type { Logger } from 'pino';
import type { EndsByPartition } from '../kafka/log-ends.js';
import type { TopicPartition } from '../model.js';
import type { TaskStatus } from '../pipeline/task-context.js';

export interface TailHolesOptions {
  readonly topic: string;
  /** A partition that gets nothing for this long, although it lags, is asked about. In ms. */
  readonly afterMs: number;
  /** Whether the cleaner may have deleted what is missing; asked once something is. */
  readonly mayHaveHoles: () => Promise<boolean>;
  /** See tailHoleEnd. */
  readonly holeEnd: (at: TopicPartition, offset: number) => Promise<number | null>;
  /** From the first offset on there is nothing before the second. */
  readonly onHole: (at: TopicPartition, offset: number, end: number) => void;
  readonly log: Logger;
}

/** Finds partitions that stand before a hole at the end of their log, which no fetch tells of; see kafka/tail-hole.ts. */
export class TailHoles {
  private looking = false;

  constructor(private readonly options: TailHolesOptions) {}

  /** Resolves when every partition that gets nothing was asked about. Never fails; one look at a time. */
  async look(partitions: readonly TaskStatus[], ends: EndsByPartition): Promise<void> {
    const { topic, afterMs, mayHaveHoles, holeEnd, onHole, log } = this.options;
    const still = partitions.flatMap(({ partition, state, position, end, unreadable, idleMs }) =>
      state === 'running' &&
      position !== null &&
      position < Math.min(ends.get(partition) ?? 0, end ?? Infinity) &&
      unreadable === null &&
      idleMs >= afterMs
        ? [{ partition, position }]
        : [],
    );
    if (still.length === 0 || this.looking) return;
    this.looking = true;
    try {
      if (!(await mayHaveHoles())) return;
      for (const { partition, position } of still) {
        const end = await holeEnd({ topic, partition }, position);
        if (end === null) continue;
        log.warn(
          { topic, partition, offset: position, end },
          'compaction has left nothing between this offset and the end of the log: the partition goes on from there',
        );
        onHole({ topic, partition }, position, end);
      }
    } finally {
      this.looking = false;
    }
  }
}
