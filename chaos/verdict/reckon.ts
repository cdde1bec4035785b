import type { Names } from '../fleet/configuration.js';
import type { Event } from '../workload/events.js';
import type { Ledger } from '../workload/ledger.js';
import type { ReadRecord } from './reading.js';
import { reckonOutput } from './reckon-output.js';
import { placeText } from './verdict.js';

/** What came out, held against what went in. Everything in `faults` has to be zero. */
export interface Reckoning {
  readonly acknowledged: number;
  /** Sent without an answer; of these, how many are in the input. */
  readonly unknown: number;
  readonly unknownWritten: number;
  readonly expected: number;
  readonly found: number;
  readonly faults: ReckonedFaults;
  /** Some of what is wrong, in words. */
  readonly examples: readonly string[];
}

export interface ReckonedFaults {
  readonly missing: number;
  readonly duplicates: number;
  /** Output for no event that causes any, in the wrong place, or with a field that is wrong. */
  readonly unexpected: number;
  /** Output of a partition of the input that does not stand in the order of that partition. */
  readonly orderInversions: number;
  /** Of these, events of one entity. */
  readonly entityInversions: number;
  readonly abortedReads: number;
  /** Records that the live reader was given again, or after a later one of their partition. */
  readonly liveRepeats: number;
  /** Committed records that the live reader was never given. */
  readonly liveMissing: number;
  /** Acknowledged by the cluster, and not where it said: nobody downstream can make up for that. */
  readonly acknowledgedLost: number;
  /** In the input, and nobody sent it; or twice. */
  readonly inputForeign: number;
}

export interface Readings {
  /** What a reader of committed records finds at the end. */
  readonly input: readonly ReadRecord[];
  readonly output: readonly ReadRecord[];
  /** What such a reader was given out of the output while the faults happened, in that order. */
  readonly live: readonly ReadRecord[];
}

/** Takes an example of what is wrong, in words. */
export type Note = (text: string) => void;

const EXAMPLES_MAX = 12;

/**
 * The oracle: it knows the rule by which events are anomalous from those who made them, and shares nothing with the
 * pipeline but the schemas.
 * @param outputPartitions of each output topic
 */
export function reckon(
  ledger: Ledger,
  names: Names,
  outputPartitions: number,
  { input, output, live }: Readings,
): Reckoning {
  const examples: string[] = [];
  const note: Note = (text) => {
    if (examples.length < EXAMPLES_MAX) examples.push(text);
  };
  const entered = reckonInput(ledger, names, input, note);
  const left = reckonOutput(entered.wanted, names, outputPartitions, output, note);
  return {
    acknowledged: ledger.acknowledgedCount,
    unknown: ledger.unknownCount,
    unknownWritten: [...ledger.all()].filter(
      ({ event, place }) => place === null && entered.written.has(event.id),
    ).length,
    expected: entered.wanted.size,
    found: left.found,
    faults: {
      ...left.faults,
      ...reckonLive(output, live, note),
      acknowledgedLost: entered.lost,
      inputForeign: entered.foreign,
    },
    examples,
  };
}

interface Entered {
  /** The events that cause output, by their place in the input. */
  readonly wanted: ReadonlyMap<string, Event>;
  /** The numbers of the events that are in the input. */
  readonly written: ReadonlySet<number>;
  readonly lost: number;
  readonly foreign: number;
}

function reckonInput(ledger: Ledger, names: Names, input: readonly ReadRecord[], note: Note): Entered {
  const valueAt = new Map(input.map((record) => [placeText(record), record.value]));
  const sent = new Map<string, Event>();
  let lost = 0;
  for (const { event, place } of ledger.all()) {
    const bytes = event.bytes.toString('base64');
    sent.set(bytes, event);
    if (place === null) continue;
    const at = placeText({ topic: names.input, ...place });
    if (valueAt.get(at) === bytes) continue;
    lost++;
    note(`${at}: event ${event.id} was acknowledged there and is not`);
  }
  const wanted = new Map<string, Event>();
  const written = new Set<number>();
  let foreign = 0;
  for (const [at, value] of valueAt) {
    const event = sent.get(value ?? '');
    if (event === undefined || written.has(event.id)) {
      foreign++;
      note(`${at}: in the input, and ${event === undefined ? 'nobody sent it' : 'it was sent once'}`);
    }
    if (event === undefined) continue;
    written.add(event.id);
    if (event.kind !== 'normal') wanted.set(at, event);
  }
  return { wanted, written, lost, foreign };
}

function reckonLive(
  output: readonly ReadRecord[],
  live: readonly ReadRecord[],
  note: Note,
): Pick<ReckonedFaults, 'abortedReads' | 'liveRepeats' | 'liveMissing'> {
  const final = new Map(output.map((record) => [placeText(record), record.value]));
  const lastOf = new Map<string, number>();
  let [abortedReads, liveRepeats] = [0, 0];
  for (const record of live) {
    const at = placeText(record);
    const line = `${record.topic}/${record.partition}`;
    const last = lastOf.get(line) ?? -1;
    lastOf.set(line, Math.max(last, record.offset));
    if (final.get(at) !== record.value) {
      abortedReads++;
      note(`${at}: was read, and is not among the committed records`);
    } else if (record.offset <= last) {
      liveRepeats++;
      note(`${at}: was read after offset ${last}`);
    }
  }
  const given = new Set(live.map(placeText));
  const missing = output.filter((record) => !given.has(placeText(record)));
  for (const record of missing) note(`${placeText(record)}: is committed, and was never given to the reader`);
  return { abortedReads, liveRepeats, liveMissing: missing.length };
}
