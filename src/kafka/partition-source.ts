import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, PartitionAssigner } from 'kafkajs';
import type { Logger } from 'pino';
import { type OutriderError, UnreachableError, messageOf } from '../errors.js';
import type { TopicPartition } from '../model.js';
import type { PartitionSource, SourceListener } from '../ports.js';
import { type KafkaConfig, createClient } from './client.js';
import { fetchedBatch, toSourceBatch } from './record-format.js';
import { unreadableBehind } from './unreadable.js';
import { COORDINATOR_AWAY, protocolErrorOf, translateError, translated } from './translate-errors.js';
import {
  FETCH_WAIT_MAX_MS,
  MEMBER_RETRY,
  RESTART_BACKOFF_FIRST_MS,
  RESTART_BACKOFF_MAX_MS,
} from './time-outs.js';
import { PartitionAssigners } from './kafkajs/repaired.js';

/** Bytes asked for in one fetch, of one partition and in all: what bounds the memory of a worker. */
export const FETCH_PARTITION_BYTES_MAX = 524_288;
export const FETCH_BYTES_MAX = 8_388_608;
/** Batches of different partitions that may be in hand at once. */
const BATCHES_CONCURRENT = 32;

/** Why a batch in hand is broken off when the member leaves. */
const LEAVING = new Error('the member is leaving its group');

export interface GroupMemberOptions {
  readonly kafka: KafkaConfig;
  readonly group: string;
  readonly topic: string;
  readonly log: Logger;
  /** The member cannot go on: not for a moment, but until somebody does something. */
  readonly onFailure: (error: OutriderError) => void;
}

/** A member of a consumer group, by kafkajs. */
export class GroupMember implements PartitionSource {
  private readonly consumer: Consumer;
  private listener: SourceListener | null = null;
  private memberId: string | null = null;
  private left = false;
  /** Between a crash of kafkajs's and its next join there is nothing to pause or seek. */
  private inGroup = false;
  private readonly inHand = new Set<AbortController>();
  /** Since it was last in the group. */
  private restarts = 0;
  /** Why the last try to be in the group came to nothing. */
  private lastTrouble: string | null = null;

  constructor(private readonly options: GroupMemberOptions) {
    const { kafka, group, log } = options;
    this.consumer = createClient(kafka, 'consumer', log).consumer({
      groupId: group,
      sessionTimeout: kafka.sessionTimeoutMs,
      heartbeatInterval: kafka.heartbeatIntervalMs,
      rebalanceTimeout: kafka.rebalanceTimeoutMs,
      metadataMaxAge: kafka.metadataMaxAgeMs,
      maxWaitTimeInMs: FETCH_WAIT_MAX_MS,
      maxBytesPerPartition: FETCH_PARTITION_BYTES_MAX,
      maxBytes: FETCH_BYTES_MAX,
      minBytes: 1,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      partitionAssigners: [withoutOffsetReset(PartitionAssigners.roundRobin)],
      retry: {
        ...MEMBER_RETRY,
        restartOnFailure: () => this.mayRestart(),
      },
    });
  }

  async join(listener: SourceListener): Promise<void> {
    const { topic, group } = this.options;
    this.listener = listener;
    const { consumer } = this;
    const { events } = consumer;
    const joined = new Promise<void>((resolve, reject) => {
      consumer.on(events.GROUP_JOIN, ({ payload }) => {
        this.memberId = payload.memberId;
        this.inGroup = true;
        this.restarts = 0;
        this.lastTrouble = null;
        this.assign(payload.memberAssignment[topic] ?? []);
        resolve();
      });
      consumer.on(events.STOP, () => {
        this.inGroup = false;
        listener.rejoining();
      });
      consumer.on(events.CRASH, ({ payload }) => {
        this.inGroup = false;
        listener.rejoining();
        if (this.left) return;
        if (payload.restart) {
          // A coordinator that is still loading looks like a crash to kafkajs: it is none.
          const level = COORDINATOR_AWAY.has(protocolErrorOf(payload.error) ?? '') ? 'info' : 'warn';
          const reason = messageOf(payload.error);
          this.lastTrouble = reason;
          this.options.log[level]({ group, reason }, 'the consumer restarts');
          return;
        }
        const error = translateError(payload.error, `group ${group}, topic ${topic}`);
        reject(error);
        this.options.onFailure(error);
      });
    });
    consumer.on(events.HEARTBEAT, () => listener.heartbeat());
    consumer.on(events.REBALANCING, () => listener.rejoining());
    consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize > 0) return;
      const first = Number(payload.firstOffset ?? payload.lastOffset);
      listener.passed(
        { topic: payload.topic, partition: payload.partition },
        first,
        Number(payload.lastOffset) + 1,
      );
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic] });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        partitionsConsumedConcurrently: BATCHES_CONCURRENT,
        eachBatch: (payload) => this.eachBatch(payload),
      });
    } catch (error) {
      joined.catch(() => undefined);
      throw translateError(error, `group ${group}, topic ${topic}: joining`);
    }
    await joined;
  }

  start({ topic, partition }: TopicPartition, offset: number): void {
    if (this.left || !this.inGroup) return;
    this.consumer.seek({ topic, partition, offset: String(offset) });
    this.consumer.resume([{ topic, partitions: [partition] }]);
  }

  pause({ topic, partition }: TopicPartition): void {
    if (this.left || !this.inGroup) return;
    this.consumer.pause([{ topic, partitions: [partition] }]);
  }

  /** Commits an offset as this member, outside any transaction. The broker refuses it once the member is not current. */
  async commitOffset({ topic, partition }: TopicPartition, offset: number, metadata: string): Promise<void> {
    // kafkajs would say nothing and commit nothing.
    if (!this.inGroup) throw new UnreachableError(`topic ${topic}, partition ${partition}: not in the group`);
    try {
      await this.consumer.commitOffsets([{ topic, partition, offset: String(offset), metadata }]);
    } catch (error) {
      throw translateError(error, `topic ${topic}, partition ${partition}: committing offset ${offset}`);
    }
  }

  /** This member's id in the group, once it has joined. */
  get id(): string | null {
    return this.memberId;
  }

  /** Why it is not in the group for now: brokers, a token or a certificate; null while it is, or nothing is known. */
  get trouble(): string | null {
    return this.lastTrouble;
  }

  async leave(): Promise<void> {
    if (this.left) return;
    this.left = true;
    for (const control of this.inHand) control.abort(LEAVING);
    await translated('leaving the group', () => this.consumer.disconnect());
  }

  /** After a pause that grows: a coordinator that hangs up at once would be asked many times a second. */
  private async mayRestart(): Promise<boolean> {
    await delay(Math.min(RESTART_BACKOFF_FIRST_MS * 2 ** this.restarts++, RESTART_BACKOFF_MAX_MS));
    return !this.left;
  }

  private assign(partitions: readonly number[]): void {
    const { topic } = this.options;
    // Before anything is fetched: kafkajs tells of the join before its first fetch, and keeps pauses across joins.
    if (partitions.length > 0) this.consumer.pause([{ topic, partitions: [...partitions] }]);
    this.listener?.assigned(partitions.map((partition) => ({ topic, partition })));
  }

  /** kafkajs sends heartbeats only when it is asked to (#708): here also while a batch is in hand. */
  private async eachBatch({ batch, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    if (isStale() || this.left) return;
    const control = new AbortController();
    const timer = setInterval(() => {
      heartbeat().catch((error: unknown) => control.abort(error));
    }, this.options.kafka.heartbeatIntervalMs);
    this.inHand.add(control);
    try {
      const unreadable = unreadableBehind(fetchedBatch(batch));
      await this.listener?.batch(toSourceBatch(fetchedBatch(batch), unreadable), control.signal);
      if (unreadable !== null && !control.signal.aborted)
        this.listener?.unreadable({ topic: batch.topic, partition: batch.partition }, unreadable);
    } catch (error) {
      if (error !== LEAVING) throw error;
    } finally {
      clearInterval(timer);
      this.inHand.delete(control);
    }
    if (control.signal.reason === LEAVING) return;
    // Rebalancing, or no longer a member: kafkajs has to see its own error to join again.
    control.signal.throwIfAborted();
  }
}

/** The part of kafkajs's cluster that decides what happens without a committed offset. */
interface OffsetDefaults {
  defaultOffset(configuration: unknown): number;
  fetchTopicsOffset(topics: readonly object[]): Promise<unknown>;
}

const LATEST = -1;

/**
 * When a fetch is out of range kafkajs would commit a default offset by itself, outside any transaction, and skip
 * retained records. Only an assigner is shown its cluster: asked for that default it now answers "rebalance", so that
 * the member joins again, is fenced, and compares its offset with the log. Where the group has no offset yet kafkajs
 * still gets the end of the log; nothing is read from there, because every partition is sought before it is started.
 */
function withoutOffsetReset(assigner: PartitionAssigner): PartitionAssigner {
  return (config) => {
    const cluster = config.cluster as unknown as OffsetDefaults;
    const fetchTopicsOffset = cluster.fetchTopicsOffset.bind(cluster);
    cluster.fetchTopicsOffset = (topics) =>
      fetchTopicsOffset(topics.map((topic) => ({ fromTimestamp: LATEST, ...topic })));
    cluster.defaultOffset = () => {
      throw Object.assign(new Error('a fetch was out of the range of the log'), {
        type: 'REBALANCE_IN_PROGRESS',
        retriable: false,
      });
    };
    return assigner(config);
  };
}
