import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KafkaConfig } from './client.js';
import { privateCluster } from './kafkajs/private-cluster.js';

/** By partition, the end of what can be read: the last stable offset. */
export type EndsByPartition = ReadonlyMap<number, number>;

/**
 * Asks the brokers where the partitions of a topic end, within a time and without ever failing: each leader for its
 * own partitions, so that one that does not answer hides no others. An open transaction on the topic is not part of
 * the answer. A client that a leader did not answer is thrown away, so that nothing that hangs in it can keep the next
 * question from its answer.
 */
export class LogEnds implements AsyncDisposable {
  private cluster: Cluster | null = null;

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly topic: string,
    private readonly timeoutMs: number,
    private readonly log: Logger,
  ) {}

  /**
   * @returns without the partitions that have no leader, or whose leader did not answer within the time; null when no
   * broker answered at all
   */
  async ask(): Promise<EndsByPartition | null> {
    const deadlineMs = performance.now() + this.timeoutMs;
    // The broker that is asked who leads may be the one that hangs: half of the time is another client's.
    const leaders =
      (await this.leaders(this.timeoutMs / 2)) ?? (await this.leaders(deadlineMs - performance.now()));
    if (leaders === null) return null;
    const { cluster, led } = leaders;
    const ends = new Map<number, number>();
    const asked = [...led].map(([nodeId, partitions]) => this.askLeader(cluster, nodeId, partitions, ends));
    const answers = await this.within(deadlineMs - performance.now(), Promise.allSettled(asked));
    if (answers?.every(({ status }) => status === 'fulfilled') !== true) this.discard();
    // A copy: an answer that comes later belongs to no question.
    return new Map(ends);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.discard();
    return Promise.resolve();
  }

  /** Does not wait for the connections to close: they may be what hangs. */
  private discard(): void {
    const { cluster } = this;
    this.cluster = null;
    cluster?.disconnect().catch((error: unknown) => this.note(error));
  }

  /** @returns null when it fails or takes longer */
  private async within<T>(timeoutMs: number, answer: Promise<T>): Promise<T | null> {
    const answered = new AbortController();
    const late = delay(timeoutMs, null, { signal: answered.signal }).catch(() => null);
    const first = await Promise.race([
      answer.catch((error: unknown) => {
        this.note(error);
        return null;
      }),
      late,
    ]);
    answered.abort();
    return first;
  }

  /** By node, the partitions that it leads, as the brokers see it now, and the client that knows the nodes. */
  private async leaders(
    timeoutMs: number,
  ): Promise<{ cluster: Cluster; led: ReadonlyMap<number, readonly number[]> } | null> {
    const cluster = (this.cluster ??= createCluster(this.kafka, this.topic, this.log));
    const led = await this.within(timeoutMs, leadersOf(cluster, this.topic));
    if (led !== null) return { cluster, led };
    this.discard();
    return null;
  }

  private async askLeader(
    cluster: Cluster,
    nodeId: number,
    partitions: readonly number[],
    ends: Map<number, number>,
  ): Promise<void> {
    const broker = await cluster.findBroker({ nodeId });
    const { responses } = await broker.listOffsets({
      isolationLevel: READ_COMMITTED,
      topics: [
        {
          topic: this.topic,
          partitions: partitions.map((partition) => ({ partition, timestamp: LATEST })),
        },
      ],
    });
    for (const { partition, errorCode, offset } of responses.flatMap((response) => response.partitions))
      if (errorCode === 0) ends.set(partition, Number(offset));
  }

  private note(error: unknown): void {
    this.log.debug({ err: error, topic: this.topic }, 'asking for the ends of the log');
  }
}

async function leadersOf(cluster: Cluster, topic: string): Promise<ReadonlyMap<number, readonly number[]>> {
  await cluster.connect();
  await cluster.refreshMetadata();
  const led = new Map<number, number[]>();
  for (const { partitionId, leader } of cluster.findTopicPartitionMetadata(topic)) {
    if (leader !== NO_LEADER) led.set(leader, [...(led.get(leader) ?? []), partitionId]);
  }
  return led;
}

const NO_LEADER = -1;
const LATEST = -1;
const READ_COMMITTED = 1;

/** The part of kafkajs that asks the leaders; its admin gives either all of their answers or none. */
interface Cluster {
  readonly brokerPool: { createBroker(options: { readonly connectionPool: Connections }): Broker };
  readonly targetTopics: Set<string>;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[];
  findBroker(node: { nodeId: number }): Promise<Broker>;
}

interface Broker {
  listOffsets(question: object): Promise<{
    responses: readonly {
      partitions: readonly { partition: number; errorCode: number; offset: string }[];
    }[];
  }>;
}

interface Connections {
  send(call: Call): Promise<unknown>;
}

interface Call {
  readonly request: { readonly apiName: string };
  readonly response: { parse(answer: unknown): Promise<unknown> };
}

function createCluster(config: KafkaConfig, topic: string, log: Logger): Cluster {
  const cluster = privateCluster(config, log) as Cluster;
  cluster.targetTopics.add(topic);
  const { brokerPool } = cluster;
  const createBroker = brokerPool.createBroker.bind(brokerPool);
  brokerPool.createBroker = (options) => {
    keepErrorsApart(options.connectionPool);
    return createBroker(options);
  };
  return cluster;
}

/** kafkajs takes the error of one partition for that of the whole answer: here it stays beside the partition. */
function keepErrorsApart(connections: Connections): void {
  const send = connections.send.bind(connections);
  connections.send = (call) =>
    send(
      call.request.apiName === 'ListOffsets'
        ? { ...call, response: { ...call.response, parse: (answer) => Promise.resolve(answer) } }
        : call,
    );
}
