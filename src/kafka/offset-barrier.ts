import type { Transaction } from 'kafkajs';
import { OutcomeUnknownError } from '../errors.js';
import type { TopicPartition } from '../model.js';
import type { CommittedOffset } from '../ports.js';
import { whenClosed } from './concurrent-transactions.js';
import { whoTookOffsets } from './kafkajs/offset-broker.js';
import { COORDINATOR_AWAY, translated } from './translate-errors.js';

/**
 * Reads committed offsets so that they cannot be out of date.
 *
 * OffsetFetch is answered from a broker's own memory: a group coordinator that was suspended for longer than its
 * session with the controller, and has not heard yet that another took its place, answers with what was committed
 * before it fell asleep. So an offset is written first, in a transaction that is aborted: that write is acknowledged
 * only by a coordinator whose replicas still follow it, after everything that was committed before. The same broker is
 * then asked. Nobody can commit in between: the transaction belongs to whoever made the fence last.
 * @param transaction open, the first after the fence; ended here, by an abort
 * @param partitions at least one
 * @returns by partition; null where the group has no offset
 * @throws OutriderError; the transaction is then left as it is
 */
export async function readAllBehindBarrier(
  transaction: Transaction,
  {
    transactionalId,
    group,
    topic,
    partitions,
  }: {
    readonly transactionalId: string;
    readonly group: string;
    readonly topic: string;
    readonly partitions: readonly number[];
  },
): Promise<ReadonlyMap<number, CommittedOffset | null>> {
  const [first = 0] = partitions;
  const which = partitions.length === 1 ? `partition ${first}` : `${partitions.length} partitions`;
  const doing = `group ${group}, topic ${topic}, ${which}: reading the committed offset`;
  // One coordinator has all offsets of a group: one of them stands for all.
  const broker = await whoTookOffsets(transactionalId, () =>
    whenClosed(
      doing,
      () =>
        transaction.sendOffsets({
          consumerGroupId: group,
          topics: [{ topic, partitions: [{ partition: first, offset: NEVER_COMMITTED }] }],
        }),
      PASSING,
    ),
  );
  if (broker === null) throw new OutcomeUnknownError(`${doing}: no broker took the barrier`);
  const { responses } = await translated(doing, () =>
    broker.offsetFetch({
      groupId: group,
      topics: [{ topic, partitions: partitions.map((partition) => ({ partition })) }],
    }),
  );
  await translated(doing, () => transaction.abort());
  const committed = new Map<number, CommittedOffset | null>();
  for (const { partition, offset, metadata } of responses[0]?.partitions ?? [])
    committed.set(
      partition,
      Number(offset) < 0 ? null : { offset: Number(offset), metadata: metadata ?? '' },
    );
  if (!partitions.every((partition) => committed.has(partition)))
    throw new OutcomeUnknownError(`${doing}: the answer is about something else`);
  return committed;
}

/** As readAllBehindBarrier, of one partition. */
export async function readBehindBarrier(
  transaction: Transaction,
  {
    transactionalId,
    group,
    at: { topic, partition },
  }: { readonly transactionalId: string; readonly group: string; readonly at: TopicPartition },
): Promise<CommittedOffset | null> {
  const scope = { transactionalId, group, topic, partitions: [partition] };
  return (await readAllBehindBarrier(transaction, scope)).get(partition) ?? null;
}

/** A barrier is aborted in any case: it may also wait for coordinators that are elected or load. */
const PASSING: ReadonlySet<string> = new Set(['CONCURRENT_TRANSACTIONS', ...COORDINATOR_AWAY]);

/** Of the barrier. Its transaction is aborted, so that it stands for nothing. */
const NEVER_COMMITTED = '0';
