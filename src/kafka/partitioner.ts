import type { ICustomPartitioner, PartitionerArgs } from 'kafkajs';
import { Partitioners } from './kafkajs/repaired.js';

/**
 * Every record names its partition: a retry of kafkajs's would ask a partitioner again and might get another answer
 * (kafkajs #1798, #1303).
 */
export const explicitPartition: ICustomPartitioner = () => {
  return ({ message, topic }: PartitionerArgs) => {
    if (message.partition === undefined)
      throw new TypeError(`a record for topic ${topic} names no partition`);
    return message.partition;
  };
};

/** The partition that Kafka's own clients choose for a key (murmur2); records without a key go round. */
export function keyPartitioner(): (key: Buffer | null, partitions: number) => number {
  const choose = Partitioners.DefaultPartitioner();
  let next = 0;
  return (key, partitions) => {
    if (key === null) return next++ % partitions;
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      partitionId,
      leader: 0,
      partitionErrorCode: 0,
      replicas: [],
      isr: [],
    }));
    return choose({ topic: '', partitionMetadata, message: { key, value: null } });
  };
}
