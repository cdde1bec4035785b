import { MissingRemoteError } from '../errors.js';
import type { TopicPartition } from '../model.js';
import type { CommittedOffset, LogRange } from '../ports.js';

export type StartAt = 'latest' | 'earliest' | 'error' | { readonly timeMs: number };

export interface StartSituation {
  readonly at: TopicPartition;
  readonly group: string;
  /** Of every partition of the topic; of this one alone where what stands beside it says enough. */
  readonly committed: ReadonlyMap<number, CommittedOffset | null>;
  readonly range: LogRange;
  /** Asked again for a while, the brokers still say the same. */
  readonly isSettled: boolean;
  readonly startAt: StartAt;
  readonly onTruncated: 'error' | 'earliest';
  /** The first offset at `startAt`'s time; asked only when it is needed. */
  readonly atTime: (timeMs: number) => Promise<number>;
}

export interface Start {
  readonly offset: number;
  /** The group had no usable offset here: this one has to be committed before anything is read. */
  readonly isNew: boolean;
  /** Goes beside every offset of this partition. */
  readonly metadata: string;
}

/**
 * Where a partition is read from, after its fence. `startAt` holds for partitions that existed when the group
 * started; one that was added later starts at its beginning. How many there were then stands beside every committed
 * offset, so that any member can tell.
 * @throws MissingRemoteError when the committed offset is no longer in the log and that is configured to be an error
 */
export async function decideStart(situation: StartSituation): Promise<Start> {
  const { at, group, committed, range, isSettled, onTruncated } = situation;
  const partitionsAtStart = knownPartitionsAtStart(committed);
  const metadata = startMetadata(committed);
  const own = committed.get(at.partition) ?? null;
  if (own === null) return { offset: await firstOffset(situation, partitionsAtStart), isNew: true, metadata };
  if (own.offset >= range.low && own.offset <= range.high)
    return { offset: own.offset, isNew: false, metadata };
  // A leader that was just elected, or was suspended and has not heard of its successor, can be behind for a moment.
  if (own.offset > range.high && !isSettled)
    throw new MissingRemoteError(
      `topic ${at.topic}, partition ${at.partition}: the log ends at ${range.high}, before the committed offset ${own.offset} of group ${group}`,
      { mayPass: true },
    );
  if (onTruncated === 'earliest') return { offset: range.low, isNew: true, metadata };
  throw new MissingRemoteError(
    `topic ${at.topic}, partition ${at.partition}: the committed offset ${own.offset} of group ${group} is not in the log any more, ` +
      `which holds ${range.low} to ${range.high}; set input.onTruncated: earliest to go on at ${range.low}, or move the group's offsets (outrider offsets set)`,
  );
}

async function firstOffset(
  { at, group, committed, range, startAt, atTime }: StartSituation,
  partitionsAtStart: number | null,
): Promise<number> {
  const isFresh = [...committed.values()].every((offset) => offset === null);
  const addedLater = partitionsAtStart === null ? !isFresh : at.partition >= partitionsAtStart;
  if (addedLater || startAt === 'earliest') return range.low;
  if (startAt === 'latest') return range.high;
  if (startAt === 'error') {
    throw new MissingRemoteError(
      `topic ${at.topic}, partition ${at.partition}: group ${group} has no committed offset and input.startAt is error; commit one, or set input.startAt`,
    );
  }
  return atTime(startAt.timeMs);
}

const METADATA = /^outrider partitions=(\d+)$/;

/** Whether this offset tells how many partitions there were when the group started, as every one of Outrider's does. */
export function saysWhenGroupStarted(offset: CommittedOffset | null): boolean {
  return METADATA.test(offset?.metadata ?? '');
}

/**
 * What goes beside an offset of the group: how many partitions there were when it started, which is now where no offset
 * says it.
 * @param committed of every partition of the topic
 */
export function startMetadata(committed: StartSituation['committed']): string {
  return `outrider partitions=${knownPartitionsAtStart(committed) ?? committed.size}`;
}

function knownPartitionsAtStart(committed: StartSituation['committed']): number | null {
  const counts = [...committed.values()].flatMap((offset) => {
    const match = METADATA.exec(offset?.metadata ?? '');
    return match === null ? [] : [Number(match[1])];
  });
  return counts.length === 0 ? null : Math.min(...counts);
}
