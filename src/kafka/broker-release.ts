import type { Logger } from 'pino';
import { type KafkaConfig, createClient } from './client.js';
import { translated } from './translate-errors.js';

/**
 * What a broker's release means for exactly-once. Before KAFKA-17507 a broker could answer a fetch of offsets with one
 * older than the transaction it had just finished. The fix is in 3.9.1 and in 4.0; 3.9.0 and 3.9.1 cannot be told
 * apart from outside.
 */
export type OffsetFix = 'has' | 'unclear' | 'lacks';

type ApiVersions = Readonly<Record<number, { readonly maxVersion: number } | undefined>>;

/** The part of kafkajs that knows a broker's API versions; it has no public way to them. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  getNodeIds(): readonly number[];
  findBroker(node: { nodeId: number }): Promise<{ apiVersions(): Promise<ApiVersions> }>;
}

const PRODUCE = 0;
const FETCH = 1;
/** Highest Produce version that 4.0 speaks and 3.9 does not; highest Fetch version that 3.9 speaks and 3.8 does not. */
const PRODUCE_4_0 = 12;
const FETCH_3_9 = 17;

/** Asks every broker of the cluster. @returns by node id */
export async function offsetFixes(config: KafkaConfig, log: Logger): Promise<ReadonlyMap<number, OffsetFix>> {
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
      const fixes = new Map<number, OffsetFix>();
      for (const nodeId of cluster.getNodeIds())
        fixes.set(nodeId, classify(await (await cluster.findBroker({ nodeId })).apiVersions()));
      return fixes;
    } finally {
      await cluster.disconnect();
    }
  });
}

function classify(versions: ApiVersions): OffsetFix {
  if ((versions[PRODUCE]?.maxVersion ?? 0) >= PRODUCE_4_0) return 'has';
  return (versions[FETCH]?.maxVersion ?? 0) >= FETCH_3_9 ? 'unclear' : 'lacks';
}
