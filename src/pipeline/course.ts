import type { TopicPartition, UnreadableBatch } from '../model.js';
import type { CommittedOffset } from '../ports.js';
import type { UnitFacts } from './pending-output.js';

/** Which part of each partition is read: by the fleet from where it was to the end that never comes; by a replay a range. */
export interface Course {
  /**
   * Where a partition is read from. Called behind its fence, so that nobody else moves it.
   * @param own what is committed there
   * @param triedForMs since taking the partition over was first tried
   * @throws OutriderError where it cannot be read from there; see PartitionTask for which are tried again
   */
  begin(at: TopicPartition, own: CommittedOffset | null, triedForMs: number): Promise<PartitionCourse>;
}

/** Of one ownership: what is not committed under it counts for nothing. */
export interface PartitionCourse {
  /** The first offset that is read. */
  readonly offset: number;
  /** The group has no usable offset here: this one has to be committed before anything is read. */
  readonly isNew: boolean;
  /** Where the log ended when it was asked. */
  readonly logEnd: number;
  /** The first offset that is not read any more; Infinity where there is none. */
  readonly end: number;
  /** What events before it cause is dropped: they are read for the sake of what is remembered of them. */
  readonly outputFrom: number;
  /**
   * The text beside the next offset that is committed; asked once for each commit, in their order.
   * @param unit what the commit holds; null for the first offset of a group
   */
  metadata(unit: UnitFacts | null): string;
  /** What helps past a batch that cannot be read, where the log cannot be repaired: "stop the group and …". */
  past(batch: UnreadableBatch): string;
}
