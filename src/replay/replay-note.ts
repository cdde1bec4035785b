import { z } from 'zod';

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
};

export function addCounts(a: ReplayCounts, b: ReplayCounts): ReplayCounts {
  return {
    read: a.read + b.read,
    scored: a.scored + b.scored,
    anomalies: a.anomalies + b.anomalies,
    deadLetters: a.deadLetters + b.deadLetters,
    alreadyThere: a.alreadyThere + b.alreadyThere,
    takenBack: a.takenBack + b.takenBack,
  };
}

const MARK = 'outrider replay ';

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
