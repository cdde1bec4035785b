import { ownerOf } from '../network/connection-owner.js';
import { API } from '../network/frames.js';
import type { Passing } from '../network/wire.js';
import { lasting } from '../waiting.js';
import type { Fault, Stage } from './fault.js';
import { OWNED_MS, type Reached, nextAt, whileJoining } from './wire-points.js';

/** How long the new owner may take from its fence to having read its offset. */
const READ_LIMIT_MS = 5000;
/** How long the coordinator may take to answer the commit that was let go. */
const ANSWER_LIMIT_MS = 3000;

/**
 * Takes aim at the order of the fence: the EndTxn of a partition's owner is held back while the group gives its
 * partitions out anew, and let go at the worst moment for whoever takes over.
 */
export function heldCommit(name: string, release: 'before the fence' | 'after the offset is read'): Fault {
  return {
    name,
    group: 'worker',
    takes: ['members', 'next-commit'],
    async inflict(stage, { strikes, signal }) {
      const commit = await nextAt(stage, { api: 'EndTxn', direction: 'request' }, signal);
      if (commit === null) return null;
      const { transactionalId } = commit.passing.request;
      strikes();
      // A new member: the group rebalances, and every partition is taken over again, by whomever.
      return whileJoining(stage, async () => {
        const fence = await nextAt(
          stage,
          { api: 'InitProducerId', direction: 'request', isFence: true },
          signal,
          ({ request }) => request.transactionalId === transactionalId,
        );
        if (fence === null) {
          commit.let('pass');
          return null;
        }
        const letGoWhen = release === 'before the fence' ? beforeFence : afterRead;
        const seen = await letGoWhen(stage, commit, fence, signal);
        // The new owner reads on from where it believes to be, and commits: only that shows a mistake.
        await lasting(OWNED_MS, signal);
        return `${transactionalId}, let go ${release}${seen}`;
      });
    },
  };
}

/** @returns what did not go as it should, for the report */
type Release = (stage: Stage, commit: Reached, fence: Reached, signal: AbortSignal) => Promise<string>;

const beforeFence: Release = async ({ wire }, commit, fence, signal) => {
  const answered = wire.next(isAnswerTo(commit.passing), within(ANSWER_LIMIT_MS, signal));
  const lost = letGo(commit);
  const answer = lost === '' ? await answered : null;
  fence.let('pass');
  return lost === '' && answer === null ? ', not answered before the fence' : lost;
};

const afterRead: Release = async ({ wire, fleet }, commit, fence, signal) => {
  const limit = within(READ_LIMIT_MS, signal);
  const isOfNewOwner = ({ clientPort }: Passing): boolean =>
    ownerOf(clientPort, fleet.workerPids) === fence.pid;
  // In this order: the fence is answered, the same process asks for offsets, and hears them.
  const read = (async (): Promise<boolean> => {
    const fenced = await wire.next(isAnswerTo(fence.passing), limit);
    const asked =
      fenced === null
        ? null
        : await wire.next((passing) => isAsking(passing) && isOfNewOwner(passing), limit);
    return asked !== null && (await wire.next(isAnswerTo(asked), limit)) !== null;
  })();
  fence.let('pass');
  const wasRead = await read;
  const lost = letGo(commit);
  return `${wasRead ? '' : ' or so: the new owner did not read it in time'}${lost}`;
};

function isAsking({ direction, request }: Passing): boolean {
  return direction === 'request' && request.api === API.OffsetFetch;
}

function isAnswerTo({ clientPort, request }: Passing): (passing: Passing) => boolean {
  return (passing) =>
    passing.direction === 'response' &&
    passing.clientPort === clientPort &&
    passing.request.correlationId === request.correlationId;
}

function letGo(commit: Reached): string {
  const hasWay = commit.passing.hasWay();
  commit.let('pass');
  return hasWay ? '' : ', but its connection to the broker was gone';
}

function within(limitMs: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
}
