import type { Transaction } from 'kafkajs';
import { OutcomeUnknownError } from '../errors.js';
import type { TopicPartition } from '../model.js';
import type { CommittedOffset } from '../ports.js';
import { whenClosed } from './concurrent-transactions.js';
import { whoTookOffsets } from './kafkajs/offset-broker.js';
import { COORDINATOR_AWAY, translated } from './translate-errors.js';

/**
 * Reads a partition's committed offset so that it cannot be out of date.
 *
 * OffsetFetch is answered from a broker's own memory: a group coordinator that was suspended for longer than its
 * session with the controller, and has not heard yet that another took its place, answers with what was committed
 * before it fell asleep. So an offset is written first, in a transaction that is aborted: that write is acknowledged
 * only by a coordinator whose replicas still follow it, after everything that was committed before. The same broker is
 * then asked. Nobody can commit in between: the transaction belongs to whoever made the fence last.
 * @param transaction open, the first after the fence; ended here, by an abort
 * @returns null where the group has no offset
 * @throws OutriderError; the transaction is then left as it is
 */
export async function readBehindBarrier(
  transaction: Transaction,
  {
    transactionalId,
    group,
    at: { topic, partition },
  }: { readonly transactionalId: string; readonly group: string; readonly at: TopicPartition },
): Promise<CommittedOffset | null> {
  const doing = `group ${group}, topic ${topic}, partition ${partition}: reading the committed offset`;
  const broker = await whoTookOffsets(transactionalId, () =>
    whenClosed(
      doing,
      () =>
        transaction.sendOffsets({
          consumerGroupId: group,
          topics: [{ topic, partitions: [{ partition, offset: NEVER_COMMITTED }] }],
        }),
      PASSING,
    ),
  );
  if (broker === null) throw new OutcomeUnknownError(`${doing}: no broker took the barrier`);
  const { responses } = await translated(doing, () =>
    broker.offsetFetch({ groupId: group, topics: [{ topic, partitions: [{ partition }] }] }),
  );
  await translated(doing, () => transaction.abort());
  const found = responses[0]?.partitions.find((answer) => answer.partition === partition);
  if (found === undefined) throw new OutcomeUnknownError(`${doing}: the answer is about something else`);
  const offset = Number(found.offset);
  return offset < 0 ? null : { offset, metadata: found.metadata ?? '' };
}

/** A barrier is aborted in any case: it may also wait for coordinators that are elected or load. */
const PASSING: ReadonlySet<string> = new Set(['CONCURRENT_TRANSACTIONS', ...COORDINATOR_AWAY]);

/** Of the barrier. Its transaction is aborted, so that it stands for nothing. */
const NEVER_COMMITTED = '0';
