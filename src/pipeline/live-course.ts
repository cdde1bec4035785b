import { UnreachableError } from '../errors.js';
import { SETTLE_TIMEOUT_MS } from '../kafka/time-outs.js';
import type { TopicPartition, UnreadableBatch } from '../model.js';
import type { CommittedOffset, OffsetReader } from '../ports.js';
import type { Course, PartitionCourse } from './course.js';
import { type StartAt, decideStart, saysWhenGroupStarted } from './start-offset.js';

export interface LiveCourseOptions {
  readonly group: string;
  readonly startAt: StartAt;
  readonly onTruncated: 'error' | 'earliest';
  readonly offsets: OffsetReader;
}

/** The fleet's course: from the group's offset on, or from where a group without one starts, and without an end. */
export class LiveCourse implements Course {
  constructor(private readonly options: LiveCourseOptions) {}

  async begin(at: TopicPartition, own: CommittedOffset | null, triedForMs: number): Promise<PartitionCourse> {
    const { offsets, group, startAt, onTruncated } = this.options;
    // What stands beside an offset of ours says all that the others would: only then nobody else has to answer.
    const others = saysWhenGroupStarted(own) ? [] : await offsets.committed(group, at.topic);
    const committed = new Map(others).set(at.partition, own);
    const range = (await offsets.range(at.topic)).get(at.partition);
    // A broker whose metadata lags does not name a partition that was just added.
    if (range === undefined) {
      throw new UnreachableError(
        `topic ${at.topic}, partition ${at.partition}: the broker does not know it yet`,
      );
    }
    const isSettled = triedForMs >= SETTLE_TIMEOUT_MS;
    const atTime = async (timeMs: number): Promise<number> =>
      (await offsets.atTime(at.topic, timeMs)).get(at.partition) ?? range.high;
    const { metadata, ...start } = await decideStart({
      at,
      group,
      committed,
      range,
      isSettled,
      startAt,
      onTruncated,
      atTime,
    });
    return {
      ...start,
      logEnd: range.high,
      end: Infinity,
      outputFrom: 0,
      metadata: () => metadata,
      past: (batch) => pastText(at, group, batch),
    };
  }
}

function pastText(
  { partition }: TopicPartition,
  group: string,
  { offset, lastOffset }: UnreadableBatch,
): string {
  const past =
    lastOffset === null
      ? '--to-offset and an offset behind it'
      : `--to-offset ${lastOffset + 1}, which gives up offsets ${offset} to ${lastOffset}`;
  return `stop the group and move group ${group} past the batch: outrider offsets set --execute --partitions ${partition} ${past}`;
}
