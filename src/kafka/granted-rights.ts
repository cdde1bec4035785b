import type { Logger } from 'pino';
import type { KafkaConfig } from './client.js';
import {
  type Authorized,
  DESCRIBE_GROUPS,
  METADATA,
  type MetadataRights,
  type RequestDefinition,
  UNTOLD,
} from './kafkajs/authorized-operations.js';
import { privateCluster } from './kafkajs/private-cluster.js';
import { RIGHTS_REQUESTS } from './kafkajs/repaired.js';
import { COORDINATOR_AWAY, protocolErrorOf, translated } from './translate-errors.js';
import { SETTLE_PACE, whilePassing } from './while-passing.js';

/** As kafka-acls.sh names them. */
export type Operation = 'Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs';

/** AclOperation's numbers. */
const BITS: Readonly<Record<Operation, number>> = {
  ...{ Read: 3, Write: 4, Create: 5, Delete: 6, Describe: 8, DescribeConfigs: 10 },
};

/** What the client may do; null where the broker does not say, or there is no such topic. */
export type Granted = ReadonlySet<Operation> | null;

export interface GrantedRights {
  readonly topics: ReadonlyMap<string, Granted>;
  readonly groups: ReadonlyMap<string, Granted>;
  readonly cluster: Granted;
}

/** The part of kafkajs that sends a request that it does not know. */
interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findGroupCoordinator(question: { groupId: string }): Promise<Broker>;
}

interface Broker {
  readonly lookupRequest: <Q, A>(
    apiKey: number,
    definition: RequestDefinition<Q, A>,
  ) => (question: Q) => object;
  readonly connectionPool: { send(request: object): Promise<unknown> };
}

/**
 * Asks a broker what this client may do with these topics and groups (KIP-430), of which it does nothing.
 * @throws OutriderError when no broker answers
 */
export async function grantedRights(
  config: KafkaConfig,
  { topics, groups }: { readonly topics: readonly string[]; readonly groups: readonly string[] },
  log: Logger,
): Promise<GrantedRights> {
  const cluster = privateCluster(config, log) as Cluster;
  return translated('asking for the rights of this client', async () => {
    try {
      await cluster.connect();
      await cluster.refreshMetadata();
      const broker = await cluster.brokerPool.findConnectedBroker();
      const metadata = await ask<MetadataRights>(broker, METADATA, RIGHTS_REQUESTS.metadata, topics);
      const ofGroups = new Map<string, Granted>();
      for (const group of groups) ofGroups.set(group, await ofGroup(cluster, group));
      return {
        topics: new Map(metadata.topics.map((topic) => [topic.name, granted(topic)])),
        groups: ofGroups,
        cluster: operationsIn(metadata.cluster),
      };
    } finally {
      await cluster.disconnect();
    }
  });
}

/** A group is asked about at its coordinator, which may be asked for by whoever may describe the group. */
async function ofGroup(cluster: Cluster, group: string): Promise<Granted> {
  try {
    return await whilePassing(COORDINATOR_AWAY, SETTLE_PACE, async () => {
      const coordinator = await cluster.findGroupCoordinator({ groupId: group });
      const [answer] = await ask<readonly Authorized[]>(
        coordinator,
        DESCRIBE_GROUPS,
        RIGHTS_REQUESTS.describeGroups,
        [group],
      );
      return answer === undefined ? null : granted(answer);
    });
  } catch (error) {
    if (protocolErrorOf(error) === 'GROUP_AUTHORIZATION_FAILED') return new Set();
    throw error;
  }
}

async function ask<Answer>(
  broker: Broker,
  apiKey: number,
  definition: RequestDefinition<readonly string[], Answer>,
  names: readonly string[],
): Promise<Answer> {
  return (await broker.connectionPool.send(broker.lookupRequest(apiKey, definition)(names))) as Answer;
}

const NO_ERROR = 0;
const DENIED: ReadonlySet<number> = new Set([29, 30]);

function granted({ errorCode, operations }: Authorized): Granted {
  if (DENIED.has(errorCode)) return new Set();
  return errorCode === NO_ERROR ? operationsIn(operations) : null;
}

function operationsIn(bits: number): Granted {
  if (bits === UNTOLD) return null;
  const names = Object.keys(BITS) as Operation[];
  return new Set(names.filter((name) => (bits & (1 << BITS[name])) !== 0));
}
