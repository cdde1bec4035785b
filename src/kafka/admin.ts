import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, ITopicMetadata, MemberAssignment } from 'kafkajs';
import type { Logger } from 'pino';
import { MissingRemoteError, UnreachableError } from '../errors.js';
import type { CommittedOffset, LogRange, OffsetReader } from '../ports.js';
import { type KafkaConfig, createClient } from './client.js';
import { COORDINATOR_AWAY, protocolErrorOf, translateError, translated } from './translate-errors.js';
import { isExplained } from './tls-failure.js';
import { SETTLE_PACE, whilePassing } from './while-passing.js';
import { AssignerProtocol, ConfigResourceTypes } from './kafkajs/repaired.js';

export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** A consumer group as its coordinator describes it. */
export interface GroupStanding {
  /** The protocol's name: `Stable`, `Empty`, `PreparingRebalance`, …; `Dead` where there is no such group. */
  readonly state: string;
  readonly members: readonly GroupMember[];
}

export interface GroupMember {
  readonly memberId: string;
  readonly clientId: string;
  /** As the broker sees it: `/10.0.0.7`. */
  readonly host: string;
  /** Of the topic that was asked about; empty while the group is shared out anew. */
  readonly partitions: readonly number[];
}

export interface Durability {
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  readonly inSyncMin: number;
  readonly isUncleanAllowed: boolean;
}

export interface GroupMembership {
  /** In the words of the protocol: `Stable`, `PreparingRebalance`, `Empty`, … */
  readonly state: string;
  /** Sorted. */
  readonly memberIds: readonly string[];
}

/** What a cluster says of its topics and groups. Connects on first use. */
export class KafkaAdmin implements OffsetReader {
  private admin: Admin;
  private connected: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly log: Logger,
  ) {
    this.admin = createClient(kafka, 'admin', log).admin();
  }

  /** @throws UnreachableError naming the addresses */
  async connect(): Promise<void> {
    this.connected ??= this.connectInTime();
    try {
      await this.connected;
    } catch (error) {
      this.connected = null;
      throw withHint(error);
    }
  }

  /** Each address gets the connection time-out once: somebody waits. */
  private async connectInTime(): Promise<void> {
    const { brokers, connectionTimeoutMs } = this.kafka;
    const doing = `brokers ${brokers.join(', ')}: connecting`;
    const timeoutMs = connectionTimeoutMs * brokers.length;
    const connected = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: connected.signal }).then(
      () => {
        throw new UnreachableError(`${doing}: no answer within ${timeoutMs} ms`);
      },
      () => undefined,
    );
    try {
      await Promise.race([translated(doing, () => this.admin.connect()), late]);
    } finally {
      connected.abort();
    }
  }

  /**
   * Which of these topics there are, with their number of partitions.
   * @throws MissingRemoteError where one may not be seen: a list of topics leaves those out
   */
  async partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.asking('reading topics', async (admin) => {
      const described = await describe(admin, topics);
      const counts = new Map(described.map(({ name, partitions }) => [name, partitions.length]));
      for (const topic of topics) if (!counts.has(topic)) await failIfHidden(admin, topic);
      return counts;
    });
  }

  /** @throws MissingRemoteError that says how to create the topic */
  async partitionCount(topic: string): Promise<number> {
    const count = (await this.partitionCounts([topic])).get(topic);
    if (count === undefined) throw missingTopic(topic, this.kafka.brokers);
    return count;
  }

  /** Creates the topics that are not there yet, and waits until they have leaders. @returns those it created */
  async createTopics(plans: readonly TopicPlan[]): Promise<readonly string[]> {
    const known = await this.partitionCounts(plans.map(({ topic }) => topic));
    const wanted = plans.filter(({ topic }) => !known.has(topic));
    if (wanted.length === 0) return [];
    const names = wanted.map(({ topic }) => topic);
    await this.asking(`creating topics ${names.join(', ')}`, (admin) =>
      admin.createTopics({
        waitForLeaders: false,
        topics: wanted.map(({ topic, partitions, configs }) => ({
          topic,
          numPartitions: partitions,
          replicationFactor: -1,
          configEntries: Object.entries(configs ?? {}).map(([name, value]) => ({ name, value })),
        })),
      }),
    );
    await this.asking(
      `waiting for the new topics ${names.join(', ')}`,
      (admin) => admin.fetchTopicMetadata({ topics: names }),
      NEW_TOPIC_UNSETTLED,
    );
    return names;
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    await this.asking(`deleting topics ${topics.join(', ')}`, (admin) =>
      admin.deleteTopics({ topics: [...topics] }),
    );
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, CommittedOffset | null>> {
    return this.asking(`group ${group}, topic ${topic}: reading committed offsets`, async (admin) => {
      const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      return new Map(
        (found?.partitions ?? []).map(({ partition, offset, metadata }) => [
          partition,
          Number(offset) < 0 ? null : { offset: Number(offset), metadata: metadata ?? '' },
        ]),
      );
    });
  }

  async range(topic: string): Promise<ReadonlyMap<number, LogRange>> {
    return this.asking(`topic ${topic}: reading its offsets`, async (admin) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(
        offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
      );
    });
  }

  /** Where a topic's partitions end now, as bounds of a reading. */
  async ends(topic: string): Promise<ReadonlyMap<number, number>> {
    return new Map([...(await this.range(topic))].map(([partition, { high }]) => [partition, high]));
  }

  /** All that a topic holds now, as bounds of a reading. */
  async extent(
    topic: string,
  ): Promise<{ from: ReadonlyMap<number, number>; to: ReadonlyMap<number, number> }> {
    const ranges = await this.range(topic);
    return {
      from: new Map([...ranges].map(([partition, { low }]) => [partition, low])),
      to: new Map([...ranges].map(([partition, { high }]) => [partition, high])),
    };
  }

  async atTime(topic: string, timeMs: number): Promise<ReadonlyMap<number, number>> {
    return this.asking(
      `topic ${topic}: finding offsets at ${new Date(timeMs).toISOString()}`,
      async (admin) => {
        const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timeMs);
        return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
      },
    );
  }

  /** A topic's largest record batch in bytes, `max.message.bytes`. */
  async maxMessageBytes(topic: string): Promise<number> {
    return this.asking(`topic ${topic}: reading its configuration`, async (admin) => {
      const values = await this.configuration(admin, ConfigResourceTypes.TOPIC, topic, ['max.message.bytes']);
      return Number(values.get('max.message.bytes') ?? 1_048_588);
    });
  }

  /**
   * Whether the cleaner may have deleted records between others. What is tiered is not compacted, and a fetch that its
   * store is slow to answer brings nothing as well (KIP-405).
   */
  async isCompacted(topic: string): Promise<boolean> {
    return this.asking(`topic ${topic}: reading its configuration`, async (admin) => {
      const keys = ['cleanup.policy', 'remote.storage.enable'];
      const values = await this.configuration(admin, ConfigResourceTypes.TOPIC, topic, keys);
      const policies = (values.get('cleanup.policy') ?? '').split(',');
      return policies.includes('compact') && values.get('remote.storage.enable') !== 'true';
    });
  }

  /** How safe the records of these topics are, of those that there are. */
  async durability(topics: readonly string[]): Promise<ReadonlyMap<string, Durability>> {
    return this.asking('reading how topics are replicated', async (admin) => {
      const found = new Map<string, Durability>();
      for (const { name, partitions } of await describe(admin, topics)) {
        const values = await this.configuration(admin, ConfigResourceTypes.TOPIC, name, DURABILITY_KEYS);
        found.set(name, {
          replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
          inSyncMin: Number(values.get('min.insync.replicas') ?? 1),
          isUncleanAllowed: values.get('unclean.leader.election.enable') === 'true',
        });
      }
      return found;
    });
  }

  /** What a broker takes for a session, in ms. */
  async sessionLimits(): Promise<{ readonly minMs: number; readonly maxMs: number }> {
    const [min, max] = ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'] as const;
    return this.asking('reading the limits of a broker', async (admin) => {
      const { brokers } = await admin.describeCluster();
      const node = String(brokers[0]?.nodeId);
      const values = await this.configuration(admin, ConfigResourceTypes.BROKER, node, [min, max]);
      return { minMs: Number(values.get(min) ?? 0), maxMs: Number(values.get(max) ?? Infinity) };
    });
  }

  private async configuration(
    admin: Admin,
    type: (typeof ConfigResourceTypes)[keyof typeof ConfigResourceTypes],
    name: string,
    configNames: string[],
  ): Promise<ReadonlyMap<string, string>> {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type, name, configNames }],
    });
    return new Map(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    );
  }

  /** The names of all consumer groups that this client may see. */
  async groups(): Promise<readonly string[]> {
    return this.asking('listing the groups', async (admin) =>
      (await admin.listGroups()).groups.map(({ groupId }) => groupId),
    );
  }

  /** The members of a group; 0 where there is no such group. */
  async memberCount(group: string): Promise<number> {
    return (await this.membership(group)).memberIds.length;
  }

  /** Who is in a group, and whether it rebalances. */
  async membership(group: string): Promise<GroupMembership> {
    return this.asking(`group ${group}: reading its members`, async (admin) => {
      const { groups } = await admin.describeGroups([group]);
      const { state = 'Dead', members = [] } = groups[0] ?? {};
      return { state, memberIds: members.map(({ memberId }) => memberId).sort() };
    });
  }

  /** Who is in a group, and which partitions of a topic each has. */
  async groupStanding(group: string, topic: string): Promise<GroupStanding> {
    return this.asking(`group ${group}: reading its members`, async (admin) => {
      const [described] = (await admin.describeGroups([group])).groups;
      if (described === undefined) return { state: 'Dead', members: [] };
      const { state, protocolType, members } = described;
      return {
        state,
        members: members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
          memberId,
          clientId,
          host: clientHost,
          partitions: protocolType === 'consumer' ? partitionsIn(memberAssignment, topic) : [],
        })),
      };
    });
  }

  async deleteGroup(group: string): Promise<void> {
    await this.asking(`group ${group}: deleting it`, (admin) => admin.deleteGroups([group]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.connected !== null) await this.admin.disconnect();
  }

  private async asking<T>(
    doing: string,
    ask: (admin: Admin) => Promise<T>,
    unsettled = UNSETTLED,
  ): Promise<T> {
    await this.connect();
    return translated(doing, async () => {
      const again = (): Promise<T> => whilePassing(unsettled, SETTLE_PACE, () => ask(this.admin));
      try {
        return await again();
      } catch (error) {
        if (protocolErrorOf(error) !== UNKNOWN_TOPIC) throw error;
        await this.forgetTopics();
        return again();
      }
    });
  }

  /** kafkajs asks for every topic that it was ever asked for: one that was deleted since is an error of all. */
  private async forgetTopics(): Promise<void> {
    const before = this.admin;
    this.admin = createClient(this.kafka, 'admin', this.log).admin();
    this.connected = null;
    await before.disconnect();
    await this.connect();
  }
}

const DURABILITY_KEYS = ['min.insync.replicas', 'unclean.leader.election.enable'];

/** Of these topics those that there are: asking for one that is not there is an error of all. */
async function describe(admin: Admin, topics: readonly string[]): Promise<readonly ITopicMetadata[]> {
  const known = new Set(await admin.listTopics());
  const present = topics.filter((topic) => known.has(topic));
  if (present.length === 0) return [];
  return (await admin.fetchTopicMetadata({ topics: present })).topics;
}

/** Before its first assignment a member has none, which kafkajs's types do not say. */
function partitionsIn(assignment: Buffer, topic: string): readonly number[] {
  const decoded = AssignerProtocol.MemberAssignment.decode(assignment) as MemberAssignment | null;
  return [...(decoded?.assignment[topic] ?? [])].sort((a, b) => a - b);
}

async function failIfHidden(admin: Admin, topic: string): Promise<void> {
  try {
    await admin.fetchTopicMetadata({ topics: [topic] });
  } catch (error) {
    if (!ABSENT.has(protocolErrorOf(error) ?? '')) throw translateError(error, `topic ${topic}: reading it`);
  }
}

const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';
const ABSENT: ReadonlySet<string> = new Set([UNKNOWN_TOPIC, 'INVALID_TOPIC_EXCEPTION']);

/** The broker says that it is the wrong one or not ready yet, and has done nothing; kafkajs asks again only sometimes. */
const UNSETTLED: ReadonlySet<string> = new Set([
  ...COORDINATOR_AWAY,
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
]);
/** The controller made the topic; the broker that is asked may hear of it later. */
const NEW_TOPIC_UNSETTLED: ReadonlySet<string> = new Set([...UNSETTLED, 'UNKNOWN_TOPIC_OR_PARTITION']);

export function missingTopic(topic: string, brokers: readonly string[]): MissingRemoteError {
  const server = brokers[0] ?? 'localhost:9092';
  return new MissingRemoteError(
    `topic ${topic}: there is no such topic on ${brokers.join(', ')}; create it with: outrider check --create-topics, or kafka-topics.sh --bootstrap-server ${server} --create --topic ${topic} --partitions 4`,
  );
}

/** What to do about a broker that is not there. */
function withHint(error: unknown): unknown {
  if (!(error instanceof UnreachableError) || isExplained(error)) return error;
  const hint =
    'is it running, and is the address right? `outrider broker start` starts a local one, KAFKA_BROKERS names another';
  return new UnreachableError(`${error.message}; ${hint}`, { cause: error.cause });
}
