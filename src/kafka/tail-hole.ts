import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { TopicPartition } from '../model.js';
import type { KafkaConfig } from './client.js';
import type { RecordSet } from './kafkajs/record-set.js';
import { privateCluster } from './kafkajs/private-cluster.js';

/** The part of kafkajs that fetches what it is told to, whoever its group is. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[];
  findBroker(node: { nodeId: number }): Promise<{
    fetch(question: object): Promise<{
      responses: readonly {
        partitions: readonly { partition: number; lastStableOffset: string; messages: RecordSet }[];
      }[];
    }>;
  }>;
}

/**
 * Asks whether a log has nothing more from an offset to its end, although it ends behind it. So it is where compaction
 * has deleted the last batches before the end: those behind them were lost in a crash, or belong to a transaction that
 * is open. A fetch from there is answered with nothing, as if nothing had been written, and whoever waits for the end
 * waits for ever.
 *
 * A leader answers with nothing also where other partitions of the fetch had the bytes, so this one is asked for alone:
 * then a batch comes whatever its size is, if there is any (KIP-74). And it takes the last stable offset of its answer
 * before it looks into the log, so that nothing that is written meanwhile lies in between.
 * @param offset of a reader that gets nothing there
 * @returns the last stable offset, where there is nothing to be read before it; null where there is, or nobody can tell
 */
export async function tailHoleEnd(
  kafka: KafkaConfig,
  { topic, partition }: TopicPartition,
  offset: number,
  log: Logger,
): Promise<number | null> {
  const cluster = privateCluster(kafka, log) as Cluster;
  try {
    try {
      await cluster.connect();
      await cluster.addTargetTopic(topic);
      const leader = cluster
        .findTopicPartitionMetadata(topic)
        .find(({ partitionId }) => partitionId === partition)?.leader;
      const broker = await cluster.findBroker({ nodeId: leader ?? NO_LEADER });
      const { responses } = await broker.fetch({
        isolationLevel: READ_COMMITTED,
        maxWaitTime: WAIT_MS,
        minBytes: 1,
        maxBytes: BYTES_MAX,
        topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: BYTES_MAX }] }],
      });
      const [answer] = responses.flatMap(({ partitions }) => partitions);
      if (answer === undefined) return null;
      const { lastOffset, unreadable } = answer.messages.parts;
      const end = Number(answer.lastStableOffset);
      return lastOffset === null && unreadable === null && end > offset ? end : null;
    } finally {
      await cluster.disconnect();
    }
  } catch (error) {
    log.info({ topic, partition, offset, reason: messageOf(error) }, 'could not ask what stands there');
    return null;
  }
}

const NO_LEADER = -1;
const READ_COMMITTED = 1;
const WAIT_MS = 500;
/** Of one batch the whole comes also where it is larger. */
const BYTES_MAX = 65_536;
