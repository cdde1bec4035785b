import type { OutgoingRecord, TopicPartition } from '../model.js';
import type { CommitUnit, CommittedOffset, PartitionSink, RecordTransport } from '../ports.js';

/** Commits an offset as a member of the group. */
export type OffsetCommit = (at: TopicPartition, offset: number, metadata: string) => Promise<void>;

/**
 * At least once for one partition: records are written and acknowledged, then the offset is committed. A crash
 * between the two writes the records again. There is no fence: an earlier owner may still be writing.
 */
export class DeliveringSink implements PartitionSink {
  constructor(
    private readonly transport: RecordTransport,
    private readonly commitOffset: OffsetCommit,
    private readonly input: TopicPartition,
    private readonly committed: () => Promise<CommittedOffset | null>,
  ) {}

  fence(): Promise<CommittedOffset | null> {
    return this.committed();
  }

  begin(): Promise<CommitUnit> {
    const { transport, commitOffset, input } = this;
    return Promise.resolve({
      send: (topic: string, partition: number, records: readonly OutgoingRecord[]) =>
        transport.send(topic, partition, records),
      commit: (nextOffset: number, metadata: string) => commitOffset(input, nextOffset, metadata),
    });
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}
