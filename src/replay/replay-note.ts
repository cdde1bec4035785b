import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UsageError } from '../errors.js';

const count = z.number().int().min(0);
const offset = z.number().int().min(0);

const specSchema = z.strictObject({
  /** As they were asked for, in canonical form: `from 2h to latest`, `offsets 0:100-900`. */
  bounds: z.string(),
  entity: z.string().nullable(),
  warmUp: z.string().nullable(),
  /** `own`: a topic of the replay's; `backfill`, `retract`: the live anomaly topic, with or without retractions. */
  mode: z.enum(['own', 'backfill', 'retract']),
  /** Where verdicts go, and events that cannot be scored. */
  output: z.string(),
  deadLetters: z.string(),
  /** Where verdicts are listed that a backfill without retractions would take back; null for other modes. */
  takenBack: z.string().nullable(),
  /** `name@version` of the model that gives the verdicts. */
  model: z.string(),
  /** Of everything else that verdicts depend on: features, threshold, schema. */
  digest: z.string(),
  /** When the bounds were resolved, ISO. */
  created: z.string(),
  /** How many partitions the replay has: each has a note, or what the group knows is not all of it. */
  partitions: z.number().int().min(1),
});

const countsSchema = z.strictObject({
  read: count,
  scored: count,
  anomalies: count,
  deadLetters: count,
  /** Of a backfill: anomalies that the live topic had a verdict on already. */
  alreadyThere: count,
  /** Of a backfill: verdicts of the live topic that the replay does not share. */
  takenBack: count,
  /** Offsets of the range that were gone, and were stepped over (`--clip`). */
  gone: count,
});

const noteSchema = z.strictObject({
  /** The first offset that is read, before `from` where there is a warm-up. */
  start: offset,
  /** Output comes of the events in [from, to). */
  from: offset,
  to: offset,
  done: countsSchema,
  spec: specSchema,
});

/** What a replay was asked for: whoever names its id again has to ask for the same. */
export type ReplaySpec = Readonly<z.infer<typeof specSchema>>;
/** What was committed of a partition so far. */
export type ReplayCounts = Readonly<z.infer<typeof countsSchema>>;

/**
 * What stands beside each offset that a replay commits, in the same transaction: all that is known of a replay is known
 * from its group.
 */
export type ReplayNote = Omit<Readonly<z.infer<typeof noteSchema>>, 'spec' | 'done'> & {
  readonly spec: ReplaySpec;
  readonly done: ReplayCounts;
};

export const NOTHING_DONE: ReplayCounts = {
  read: 0,
  scored: 0,
  anomalies: 0,
  deadLetters: 0,
  alreadyThere: 0,
  takenBack: 0,
  gone: 0,
};

export function addCounts(a: ReplayCounts, b: ReplayCounts): ReplayCounts {
  return {
    read: a.read + b.read,
    scored: a.scored + b.scored,
    anomalies: a.anomalies + b.anomalies,
    deadLetters: a.deadLetters + b.deadLetters,
    alreadyThere: a.alreadyThere + b.alreadyThere,
    takenBack: a.takenBack + b.takenBack,
    gone: a.gone + b.gone,
  };
}

const MARK = 'outrider replay ';

/** What brokers take beside an offset, `offset.metadata.max.bytes` by default. */
const NOTE_BYTES_MAX = 4096;

/** @throws UsageError where a note does not fit beside an offset, or will not when everything is counted */
export function checkFits(note: ReplayNote): void {
  const most = Object.keys(NOTHING_DONE).map((name) => [name, Number.MAX_SAFE_INTEGER]);
  const done = Object.fromEntries(most) as ReplayCounts;
  const bytes = Buffer.byteLength(writeNote({ ...note, done }));
  if (bytes > NOTE_BYTES_MAX)
    throw new UsageError(
      `what a replay keeps beside its offsets takes ${bytes} bytes here, and brokers take ${NOTE_BYTES_MAX} (offset.metadata.max.bytes): choose a shorter --id, --entity or --output`,
    );
}

const BOUNDS_CHARS_MAX = 400;

/** Bounds as they stand in a note: many partitions' are cut short, and told apart by a digest of all of them. */
export function notedBounds(text: string): string {
  if (text.length <= BOUNDS_CHARS_MAX) return text;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return `${text.slice(0, BOUNDS_CHARS_MAX)}… (${digest})`;
}

export function writeNote(note: ReplayNote): string {
  return MARK + JSON.stringify(note);
}

/** @returns null where the text is no note of a replay's */
export function readNote(metadata: string): ReplayNote | null {
  if (!metadata.startsWith(MARK)) return null;
  let written: unknown;
  try {
    written = JSON.parse(metadata.slice(MARK.length));
  } catch {
    // Cut short, or somebody else's: no note either way.
    return null;
  }
  const parsed = noteSchema.safeParse(written);
  return parsed.success ? parsed.data : null;
}
