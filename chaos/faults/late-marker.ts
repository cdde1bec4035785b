import { OUTPUTS } from '../fleet/configuration.js';
import type { ProducerFacts } from '../network/frames.js';
import { type Leader, producersAt, writeMarker } from '../network/transaction-markers.js';
import type { Fault, Stage } from './fault.js';
import { nextAt } from './wire-points.js';

/**
 * A coordinator that was interrupted writes the markers of a transaction again, however late. Here the marker of a
 * worker's last commit comes to where its next transaction has just written, and the worker dies: had the marker been
 * taken, that output would be seen, and come again.
 */
export const lateMarker: Fault = {
  name: 'commit marker written again in the next transaction, its worker killed',
  group: 'broker',
  takes: [],
  async inflict(stage, { strikes, signal }) {
    const commit = await nextAt(stage, { api: 'EndTxn', direction: 'request' }, signal);
    if (commit === null) return null;
    const { transactionalId, producer } = commit.passing.request;
    commit.let('pass');
    if (transactionalId === null || producer === null) return null;
    const written = await nextAt(
      stage,
      { api: 'Produce', direction: 'response' },
      signal,
      ({ request }) => request.transactionalId === transactionalId,
    );
    if (written === null) return null;
    try {
      const answers = await markAgain(stage, Number(transactionalId.split('/').at(-1)), producer);
      if (answers.length === 0) return null;
      strikes();
      stage.fleet.kill(written.pid);
      return `pid ${written.pid}, ${transactionalId}, ${answers.join(', ')}`;
    } finally {
      written.let('pass');
    }
  },
};

/** Followers know the producers too. */
const NOT_LEADER = 6;

/** @returns what each leader said where the producer has a transaction open */
async function markAgain(
  { cluster }: Stage,
  partition: number,
  { producerId, epoch }: ProducerFacts,
): Promise<string[]> {
  const brokers = cluster.brokers.filter((broker) => broker.isRunning);
  const leaders = brokers.flatMap(({ layout: { internalPort: port } }) =>
    OUTPUTS.map((topic): Leader => ({ port, topic, partition })),
  );
  const answers = await Promise.allSettled(
    leaders.map(async (leader) => {
      const open = (await producersAt(leader))?.find(
        (producer) => producer.producerId === producerId && producer.hasOpenTransaction,
      );
      if (open === undefined) return null;
      const errorCode = await writeMarker(leader, { ...open, epoch }, true);
      if (errorCode === NOT_LEADER) return null;
      return `${leader.topic} ${errorCode === 0 ? 'took it' : `refused it (error ${errorCode})`}`;
    }),
  );
  // A broker that is away or mute leads nothing that matters here.
  return answers.flatMap((answer) =>
    answer.status === 'fulfilled' && answer.value !== null ? [answer.value] : [],
  );
}
