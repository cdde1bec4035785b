import type { Logger } from 'pino';
import type { KafkaConfig } from './client.js';
import { privateCluster } from './kafkajs/private-cluster.js';
import { translated } from './translate-errors.js';

/** The part of kafkajs that asks the leaders; its admin asks for the last stable offsets only. */
interface Cluster {
  isolationLevel: number;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
  fetchTopicsOffset(
    questions: readonly {
      readonly topic: string;
      readonly fromBeginning: boolean;
      readonly partitions: readonly { readonly partition: number }[];
    }[],
  ): Promise<
    readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]
  >;
}

const READ_UNCOMMITTED = 0;

/**
 * By partition, where the replicated log ends, open transactions included. Where that is behind the last stable offset
 * (asked for later), a transaction is open.
 * @throws OutriderError
 */
export async function highWatermarks(
  config: KafkaConfig,
  topic: string,
  log: Logger,
): Promise<ReadonlyMap<number, number>> {
  const cluster = privateCluster(config, log) as Cluster;
  cluster.isolationLevel = READ_UNCOMMITTED;
  return translated(`topic ${topic}: reading its high watermarks`, async () => {
    try {
      await cluster.connect();
      await cluster.addTargetTopic(topic);
      const partitions = cluster
        .findTopicPartitionMetadata(topic)
        .map(({ partitionId }) => ({ partition: partitionId }));
      const answers = await cluster.fetchTopicsOffset([{ topic, fromBeginning: false, partitions }]);
      return new Map(
        answers.flatMap((answer) =>
          answer.partitions.map(({ partition, offset }) => [partition, Number(offset)] as const),
        ),
      );
    } finally {
      await cluster.disconnect();
    }
  });
}
