import type { Logger } from 'pino';
import { type KafkaConfig, createClient } from './client.js';
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
  const kafka = createClient(config, 'admin', log);
  const key = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  if (key === undefined) throw new TypeError('this release of kafkajs is not the one that Outrider knows');
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[key] as (
    options: object,
  ) => Cluster;
  const cluster = create({ metadataMaxAge: config.metadataMaxAgeMs, allowAutoTopicCreation: false });
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
