import type { Logger } from 'pino';
import { AnswerNoError, MissingRemoteError, UnreachableError } from '../../errors.js';
import { SETTLE_TIMEOUT_MS } from '../../kafka/time-outs.js';
import type { TopicPartition, UnreadableBatch } from '../../model.js';
import type { Course, PartitionCourse } from '../../pipeline/course.js';
import type { UnitFacts } from '../../pipeline/pending-output.js';
import type { CommittedOffset, OffsetReader } from '../../ports.js';
import { type ReplayCounts, type ReplayNote, addCounts, readNote, writeNote } from '../replay-note.js';

export interface ReplayCourseOptions {
  /** The replay's own. */
  readonly group: string;
  readonly offsets: OffsetReader;
  /** Whether it goes on behind what retention has deleted. */
  readonly clip: boolean;
  readonly log: Logger;
}

/** From where the last transaction of the replay ended to the end of its range. */
export class ReplayCourse implements Course {
  constructor(private readonly options: ReplayCourseOptions) {}

  async begin(at: TopicPartition, own: CommittedOffset | null, triedForMs: number): Promise<PartitionCourse> {
    const { group, offsets, clip, log } = this.options;
    const { topic, partition } = at;
    const place = `topic ${topic}, partition ${partition}`;
    const note = own === null ? null : readNote(own.metadata);
    if (own === null || note === null)
      throw new AnswerNoError(
        `${place}: group ${group} does not know this replay any more: it was cleaned, or its offsets have expired; start it anew under another --id`,
      );
    if (own.offset >= note.to) return from(at, own.offset, note, note.to, false);
    const range = (await offsets.range(topic)).get(partition);
    if (range === undefined) throw new UnreachableError(`${place}: the broker does not know it`);
    if (note.to > range.high) {
      const text = `${place}: the log ends at ${range.high}, and offsets up to ${note.to - 1} were to be replayed`;
      // A leader that was just elected can be behind for a moment.
      if (triedForMs < SETTLE_TIMEOUT_MS) throw new MissingRemoteError(text, { mayPass: true });
      throw new AnswerNoError(
        `${text}: ${offsetsText(Math.max(own.offset, range.high), note.to)} are gone; was the topic deleted and made again?`,
      );
    }
    if (own.offset >= range.low) return from(at, own.offset, note, range.high, false);
    const gone = offsetsText(own.offset, Math.min(range.low, note.to));
    if (clip) {
      log.warn({ ...at, logStart: range.low }, `${gone} are gone; --clip: the replay goes on after them`);
      const next = Math.min(range.low, note.to);
      const done = { ...note.done, gone: note.done.gone + next - own.offset };
      return from(at, next, { ...note, done }, range.high, true);
    }
    throw new AnswerNoError(
      `${place}: ${gone} are gone, the log starts at ${range.low}; what was replayed before them stands; --clip goes on after them`,
    );
  }
}

/** @param isNew whether the offset is another than the committed one */
function from(
  at: TopicPartition,
  offset: number,
  note: ReplayNote,
  logEnd: number,
  isNew: boolean,
): PartitionCourse {
  let { done } = note;
  return {
    offset,
    isNew,
    logEnd,
    end: note.to,
    outputFrom: note.from,
    metadata: (unit) => {
      if (unit !== null) done = addCounts(done, countsOf(unit));
      return writeNote({ ...note, done });
    },
    past: (batch) => pastText(at, note, batch),
  };
}

function pastText(
  { partition }: TopicPartition,
  { to }: ReplayNote,
  { lastOffset }: UnreadableBatch,
): string {
  if (lastOffset === null) return 'replay what comes after it under another --id, with --offsets';
  const next = lastOffset + 1;
  return next >= to
    ? 'leave it at that: nothing of the range comes after it'
    : `replay what comes after it under another --id, with --offsets ${partition}:${next}-${to}`;
}

/** `offsets 500 to 899` */
export function offsetsText(from: number, end: number): string {
  return end - from === 1 ? `offset ${from}` : `offsets ${from} to ${end - 1}`;
}

function countsOf(unit: UnitFacts): ReplayCounts {
  return {
    read: unit.events,
    scored: unit.scored,
    anomalies: unit.anomalies,
    deadLetters: [...unit.deadLetters.values()].reduce((sum, count) => sum + count, 0),
    alreadyThere: unit.alreadyThere,
    takenBack: unit.takenBack,
    gone: 0,
  };
}
