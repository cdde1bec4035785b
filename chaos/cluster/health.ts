import { pino } from 'pino';
import { createClient } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';

export interface Health {
  readonly brokers: number;
  /** Partitions that miss a replica. */
  readonly underReplicated: number;
}

/** What the cluster says of itself, asked behind the proxies. @returns null when nobody answers */
export async function clusterHealth(addresses: readonly string[], replicas: number): Promise<Health | null> {
  const admin = createClient(localKafka(addresses), 'admin', pino({ level: 'silent' })).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const { topics } = await admin.fetchTopicMetadata();
    const partitions = topics.flatMap((topic) => topic.partitions);
    return {
      brokers: brokers.length,
      underReplicated: partitions.filter(({ isr }) => isr.length < replicas).length,
    };
  } catch {
    // Away, or in the middle of an election: asked again by whoever waits for it.
    return null;
  } finally {
    await admin.disconnect();
  }
}
