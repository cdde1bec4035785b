import type { Logger } from 'pino';
import { AnswerNoError } from '../errors.js';
import type { CommittedOffset } from '../ports.js';
import type { KafkaConfig } from './client.js';
import { FencedProducer } from './fenced-producer.js';
import { privateCluster } from './kafkajs/private-cluster.js';
import { readBehindBarrier } from './offset-barrier.js';
import { transactionalId } from './transactional-sink.js';
import { COORDINATOR_AWAY, protocolErrorOf, translated } from './translate-errors.js';
import { SETTLE_PACE, whilePassing } from './while-passing.js';

/** By partition of one topic. */
export type OffsetsByPartition = ReadonlyMap<number, CommittedOffset>;

/** The part of kafkajs that commits without being a member; its consumer joins first. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(question: { groupId: string }): Promise<{
    offsetCommit(request: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
      topics: readonly {
        topic: string;
        partitions: readonly { partition: number; offset: string; metadata: string }[];
      }[];
    }): Promise<unknown>;
  }>;
}

/** Offsets of a group that has no members, in one topic. */
export class StoppedGroup {
  constructor(
    private readonly kafka: KafkaConfig,
    private readonly group: string,
    private readonly topic: string,
    private readonly log: Logger,
    /** Called for each partition that was taken over. */
    private readonly onSettled: () => void = () => undefined,
  ) {}

  /**
   * Takes every one of these partitions over, as a worker would: whoever had it is fenced, what it left open is aborted,
   * and what is read after that cannot be out of date. Nobody owns the partitions then; the next one to take them over
   * does.
   * @returns null where the group has no offset
   * @throws OutriderError
   */
  async settled(partitions: readonly number[]): Promise<ReadonlyMap<number, CommittedOffset | null>> {
    const found = new Map<number, CommittedOffset | null>();
    const left = [...partitions];
    const settleRest = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        found.set(next, await this.settle(next));
        this.onSettled();
      }
    };
    // One that fails ends the others after the partition that they are at.
    await Promise.all(
      Array.from({ length: AT_ONCE_MAX }, () =>
        settleRest().catch((error: unknown) => {
          left.length = 0;
          throw error;
        }),
      ),
    );
    return new Map(partitions.map((partition) => [partition, found.get(partition) ?? null]));
  }

  private async settle(partition: number): Promise<CommittedOffset | null> {
    const { kafka, group, topic, log } = this;
    const at = { topic, partition };
    const id = transactionalId(group, at);
    const producer = new FencedProducer(kafka, id, log);
    try {
      // The next transaction is not asked for: nothing may come from here once somebody else has the partition.
      const { transaction } = await producer.takeOver();
      return await readBehindBarrier(transaction, { transactionalId: id, group, at });
    } finally {
      await producer.discard();
    }
  }

  /**
   * Commits all of these offsets in one request, as nobody's member: the coordinator takes it only while the group has
   * no members, and writes all of it or nothing. A group that is not there yet is made by it.
   * @throws AnswerNoError when the group has members; nothing is changed then
   * @throws OutriderError; after one that is retriable the outcome is unknown
   */
  async commit(offsets: OffsetsByPartition): Promise<void> {
    const { group, topic } = this;
    const cluster = privateCluster(this.kafka, this.log) as Cluster;
    const partitions = [...offsets].map(([partition, { offset, metadata }]) => ({
      partition,
      offset: String(offset),
      metadata,
    }));
    try {
      await translated(`group ${group}, topic ${topic}: setting offsets`, async () => {
        await cluster.connect();
        await whilePassing(COORDINATOR_AWAY, SETTLE_PACE, async () => {
          const coordinator = await cluster.findGroupCoordinator({ groupId: group });
          await coordinator.offsetCommit({
            groupId: group,
            groupGenerationId: NO_GENERATION,
            memberId: NO_MEMBER,
            topics: [{ topic, partitions }],
          });
        });
      });
    } catch (error) {
      if (!HAS_MEMBERS.has(protocolErrorOf(error) ?? '')) throw error;
      throw new AnswerNoError(
        `group ${group}: a worker joined while its offsets were being set; nothing was changed: stop it and call this again`,
        { cause: error },
      );
    } finally {
      await cluster.disconnect();
    }
  }
}

/** Each has connections of its own while it lasts. */
const AT_ONCE_MAX = 8;

const NO_GENERATION = -1;
const NO_MEMBER = '';

/** What the coordinator of a group with members says to a commit of nobody's. */
const HAS_MEMBERS: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
]);
