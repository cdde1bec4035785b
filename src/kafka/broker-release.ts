import type { Logger } from 'pino';
import type { KafkaConfig } from './client.js';
import { privateCluster } from './kafkajs/private-cluster.js';
import { type ApiVersions, type ReleaseLine, releaseLine } from './release-line.js';
import { translated } from './translate-errors.js';

/** The part of kafkajs that knows a broker's API versions; it has no public way to them. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  getNodeIds(): readonly number[];
  findBroker(node: { nodeId: number }): Promise<{ apiVersions(): Promise<ApiVersions> }>;
}

/** Asks every broker of the cluster. @returns by node id */
export async function brokerReleases(
  config: KafkaConfig,
  log: Logger,
): Promise<ReadonlyMap<number, ReleaseLine>> {
  const cluster = privateCluster(config, log) as Cluster;
  return translated('reading the brokers’ API versions', async () => {
    try {
      await cluster.connect();
      await cluster.refreshMetadata();
      const releases = new Map<number, ReleaseLine>();
      for (const nodeId of cluster.getNodeIds())
        releases.set(nodeId, releaseLine(await (await cluster.findBroker({ nodeId })).apiVersions()));
      return releases;
    } finally {
      await cluster.disconnect();
    }
  });
}
