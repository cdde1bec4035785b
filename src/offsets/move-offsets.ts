import {
  AnswerNoError,
  FencedError,
  MissingRemoteError,
  OutcomeUnknownError,
  OutriderError,
  messageOf,
} from '../errors.js';
import { startMetadata } from '../pipeline/start-offset.js';
import type { CommittedOffset, OffsetReader } from '../ports.js';
import { concernedPartitions } from './concerned-partitions.js';
import type { OffsetTarget } from './offset-target.js';
import { type OffsetMove, planMove } from './plan-moves.js';

/** What may be done to a group's offsets while nobody is in it. `kafka/stopped-group.ts` is it on Kafka. */
export interface OffsetStore {
  /** Fences whoever had these partitions, ends what it left open, and reads behind that. @throws OutriderError */
  settled(partitions: readonly number[]): Promise<ReadonlyMap<number, CommittedOffset | null>>;
  /** All or nothing, and only while the group has no members. @throws AnswerNoError where it has */
  commit(offsets: ReadonlyMap<number, CommittedOffset>): Promise<void>;
}

export interface MoveRequest {
  readonly group: string;
  readonly topic: string;
  /** Null for all. */
  readonly partitions: readonly number[] | null;
  readonly target: OffsetTarget;
}

export interface MoveResult {
  readonly moves: readonly OffsetMove[];
  /** Partitions that stand elsewhere than they were set to: somebody committed there while they were set. */
  readonly overtaken: readonly { readonly partition: number; readonly committed: number | null }[];
}

/** Where each partition would go now; changes nothing. @throws UsageError for a partition that there is not */
export async function planMoves(request: MoveRequest, reader: OffsetReader): Promise<readonly OffsetMove[]> {
  return movesFrom(request, await reader.committed(request.group, request.topic), reader);
}

/**
 * Moves the offsets of a group that has no members.
 *
 * The transactional ids fence, the coordinator's own rule keeps members out, and reading behind a second fence says what
 * came of it:
 *
 * 1. Every partition is taken over. A worker that is alive but out of its group can no longer commit, its open
 *    transaction is aborted, and the committed offset that is read cannot be out of date: what is relative to it is
 *    reckoned from this one.
 * 2. All offsets go in one plain OffsetCommit without a member. The coordinator takes that only while the group has no
 *    members, and writes it as one batch: all or nothing. A transaction under one of the ids would be all or nothing too,
 *    but coordinators take transactional offsets whoever is a member, so that a worker which joined after step 1 and
 *    started at the old offset would go on from there, with the new one overwritten by its next commit. A transaction
 *    under each id would be refused where somebody had taken that partition over, but could end half done.
 * 3. What is left is a worker that is no member and was suspended between being given a partition and taking it over: it
 *    may do so between 1 and 2, read the old offset and commit from there. So every partition is taken over once more,
 *    and read: whoever has it is fenced, has to read its offset again, and finds what is there now. Where that is what
 *    was set, it holds: nobody goes on from elsewhere. Where it is not, somebody committed in between.
 *
 * The same reading tells what came of a commit whose answer was lost.
 * @throws AnswerNoError where the group has members: nothing is changed. OutcomeUnknownError where it cannot be known
 */
export async function moveOffsets(
  request: MoveRequest,
  reader: OffsetReader,
  store: OffsetStore,
): Promise<MoveResult> {
  const { group, topic } = request;
  const seen = await reader.committed(group, topic);
  const planned = await movesFrom(request, seen, reader);
  const concerned = planned.map(({ partition }) => partition);
  const settled = await settledUnlessContended(group, concerned, store);
  const committed = new Map([...seen, ...settled]);
  const moves = (await movesFrom(request, committed, reader)).map((move) =>
    withCorrection(move, seen.get(move.partition) ?? null),
  );
  const offsets = offsetsOf(moves, committed);
  if (offsets.size === 0) return { moves, overtaken: [] };
  let failure: OutriderError | null = null;
  try {
    await store.commit(offsets);
  } catch (error) {
    if (!(error instanceof OutriderError) || isDefinite(error)) throw error;
    failure = error;
  }
  const found = await readBack(group, [...offsets.keys()], store, failure);
  const overtaken = [...offsets].flatMap(([partition, { offset }]) => {
    const now = found.get(partition)?.offset ?? null;
    return now === offset ? [] : [{ partition, committed: now }];
  });
  if (failure !== null && overtaken.length > 0)
    throw new OutcomeUnknownError(
      `group ${group}: the offsets are not as they were to be set, and the request may still arrive: ${failure.message}; look with: outrider offsets show`,
      { cause: failure },
    );
  return { moves, overtaken };
}

async function movesFrom(
  { topic, partitions, target }: MoveRequest,
  committed: ReadonlyMap<number, CommittedOffset | null>,
  reader: OffsetReader,
): Promise<readonly OffsetMove[]> {
  const ranges = await reader.range(topic);
  const atTime =
    typeof target === 'object' && 'timeMs' in target ? await reader.atTime(topic, target.timeMs) : null;
  return concernedPartitions(topic, partitions, ranges).map(([partition, range]) =>
    planMove(target, {
      partition,
      committed: committed.get(partition) ?? null,
      range,
      atTime: atTime?.get(partition) ?? null,
    }),
  );
}

/** A text that stands beside an offset stays: a fleet's says when its group started. */
function offsetsOf(
  moves: readonly OffsetMove[],
  committed: ReadonlyMap<number, CommittedOffset | null>,
): ReadonlyMap<number, CommittedOffset> {
  const ofGroup = startMetadata(committed);
  return new Map(
    moves.flatMap(({ partition, next }) => {
      if (next === null) return [];
      const own = committed.get(partition)?.metadata ?? '';
      return [[partition, { offset: next, metadata: own === '' ? ofGroup : own }] as const];
    }),
  );
}

/** A commit that was under way when it was first looked at may have come through since. */
function withCorrection(move: OffsetMove, seen: CommittedOffset | null): OffsetMove {
  const before = seen?.offset ?? null;
  if (before === move.now) return move;
  return { ...move, notes: [...move.notes, `stood at ${before ?? 'none'} until the fence settled it`] };
}

async function settledUnlessContended(
  group: string,
  partitions: readonly number[],
  store: OffsetStore,
): Promise<ReadonlyMap<number, CommittedOffset | null>> {
  try {
    return await store.settled(partitions);
  } catch (error) {
    if (!(error instanceof FencedError)) throw error;
    throw new AnswerNoError(
      `group ${group}: somebody else took a partition over at the same moment, a worker or another \`offsets set\`; nothing was changed: ${error.message}`,
      { cause: error },
    );
  }
}

async function readBack(
  group: string,
  partitions: readonly number[],
  store: OffsetStore,
  failure: OutriderError | null,
): Promise<ReadonlyMap<number, CommittedOffset | null>> {
  try {
    return await store.settled(partitions);
  } catch (error) {
    const what = failure === null ? 'the offsets were set' : 'the offsets may have been set';
    throw new OutcomeUnknownError(
      `group ${group}: ${what}, but could not be read back: ${messageOf(error)}; look with: outrider offsets show`,
      { cause: failure ?? error },
    );
  }
}

/** The coordinator said no: it has done nothing, and never will. */
function isDefinite(error: OutriderError): boolean {
  return error instanceof AnswerNoError || (error instanceof MissingRemoteError && !error.mayPass);
}
