import type { Names } from '../fleet/configuration.js';
import type { Event } from '../workload/events.js';
import type { Ledger } from '../workload/ledger.js';
import type { ReadRecord } from './reading.js';
import { placeText, verdictOf } from './verdict.js';

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

type Note = (text: string) => void;

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

export interface Left {
  readonly found: number;
  readonly faults: Pick<
    ReckonedFaults,
    'missing' | 'duplicates' | 'unexpected' | 'orderInversions' | 'entityInversions'
  >;
}

/** @param wanted the events that cause output, by their place in the input */
export function reckonOutput(
  wanted: ReadonlyMap<string, Event>,
  names: Names,
  partitions: number,
  output: readonly ReadRecord[],
  note: Note,
): Left {
  const timesFound = new Map<string, number>();
  const order = new Order();
  let [found, duplicates, unexpected] = [0, 0, 0];
  for (const record of [...output].sort(byPosition)) {
    const verdict = verdictOf(record, names);
    if (typeof verdict === 'string') {
      unexpected++;
      note(`${placeText(record)}: ${verdict}`);
      continue;
    }
    const source = placeText(verdict.source);
    const where = `${placeText(record)}: ${verdict.kind} of ${source}`;
    const event = wanted.get(source);
    const fault =
      event === undefined
        ? 'no verdict is due'
        : (misplaced(record, verdict.source.partition % partitions) ??
          (verdict.kind === event.kind ? null : `the event is ${event.kind}`) ??
          verdict.fault ??
          verdict.faultFor(event));
    if (event === undefined || fault !== null) {
      unexpected++;
      note(`${where}: ${fault ?? ''}`);
      // It is there, however wrong: no other count has to say so again.
      if (event !== undefined) timesFound.set(source, timesFound.get(source) ?? 1);
      continue;
    }
    found++;
    const times = (timesFound.get(source) ?? 0) + 1;
    timesFound.set(source, times);
    if (times > 1) {
      // Ids are hashes of the source: a source that is there once has an id of its own.
      duplicates++;
      note(`${where}: for the ${times}. time`);
    } else {
      const after = order.place(record, verdict.source.offset, event.entity);
      if (after !== null) note(`${where}: after ${after}`);
    }
  }
  const missing = [...wanted].filter(([source]) => !timesFound.has(source));
  for (const [source, { kind, id }] of missing)
    note(`${source}: event ${id} is ${kind}, and there is no word of it`);
  return {
    found,
    faults: {
      missing: missing.length,
      duplicates,
      unexpected,
      orderInversions: order.inversions,
      entityInversions: order.entityInversions,
    },
  };
}

function misplaced({ partition }: ReadRecord, due: number): string | null {
  return partition === due ? null : `output partition: ${partition} instead of ${due}`;
}

/**
 * Within an output partition the offsets of the sources rise: it takes one partition of the input where both topics
 * have as many.
 */
class Order {
  inversions = 0;
  entityInversions = 0;
  private readonly last = new Map<string, number>();

  /** @returns the later event that stands before it, in words; else null */
  place({ topic, partition }: ReadRecord, offset: number, entity: string): string | null {
    const line = `${topic}/${partition}`;
    const before = this.rise(line, offset);
    const beforeOfEntity = this.rise(`${line}/${entity}`, offset);
    if (beforeOfEntity !== null) this.entityInversions++;
    if (before === null) return null;
    this.inversions++;
    return `offset ${before}${beforeOfEntity === null ? '' : `, also of ${entity}`}`;
  }

  /** @returns the highest offset so far when it is above this one */
  private rise(line: string, offset: number): number | null {
    const highest = this.last.get(line) ?? -1;
    this.last.set(line, Math.max(highest, offset));
    return highest > offset ? highest : null;
  }
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

function byPosition(a: ReadRecord, b: ReadRecord): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset;
}
