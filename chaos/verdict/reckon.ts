import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro, { type Schema } from 'avsc';
import { packageRoot } from '../../src/package-root.js';
import type { Names } from '../fleet/configuration.js';
import type { Event, Kind } from '../workload/events.js';
import type { Ledger } from '../workload/ledger.js';
import type { ReadRecord } from './reading.js';

/** What came out, held against what went in. Everything in `faults` has to be zero. */
export interface Reckoning {
  readonly acknowledged: number;
  /** Sent without an answer; of these, how many are in the input. */
  readonly unknown: number;
  readonly unknownWritten: number;
  readonly expected: number;
  readonly found: number;
  readonly faults: {
    readonly missing: number;
    readonly duplicates: number;
    readonly unexpected: number;
    readonly orderInversions: number;
    readonly abortedReads: number;
    /** Acknowledged by the cluster, and not where it said: nobody downstream can make up for that. */
    readonly acknowledgedLost: number;
  };
  /** Some of what is wrong, in words. */
  readonly examples: readonly string[];
}

export interface Verdict {
  readonly kind: Kind;
  /** Of the event: `topic/partition/offset`. */
  readonly source: string;
  readonly event: string | null;
  readonly entity: string | null;
}

interface Anomaly {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly entity: string | null;
  readonly event: Buffer;
  readonly id: string;
}

const EXAMPLES_MAX = 12;
const SINGLE_OBJECT_HEADER_BYTES = 10;
const anomalyType = avro.Type.forSchema(
  JSON.parse(readFileSync(join(packageRoot(), 'schemas', 'anomaly.avsc'), 'utf8')) as Schema,
);

/**
 * The oracle: it knows the rule by which events are anomalous from those who made them, and shares nothing with the
 * pipeline but the schemas.
 * @param input, output what a reader of committed records finds at the end
 * @param live what such a reader was given out of the output while the faults happened
 */
export function reckon(
  ledger: Ledger,
  names: Names,
  { input, output, live }: Readonly<Record<'input' | 'output' | 'live', readonly ReadRecord[]>>,
): Reckoning {
  const examples: string[] = [];
  const note = (text: string): void => {
    if (examples.length < EXAMPLES_MAX) examples.push(text);
  };
  const inputBySource = new Map(input.map((record) => [sourceOf(record), record]));
  const events = new Map<string, Event>();
  let acknowledgedLost = 0;
  let acknowledged = 0;
  for (const { event, place } of ledger.all()) {
    const bytes = event.bytes.toString('base64');
    events.set(bytes, event);
    if (place === null) continue;
    acknowledged++;
    const source = `${names.input}/${place.partition}/${place.offset}`;
    if (inputBySource.get(source)?.value === bytes) continue;
    acknowledgedLost++;
    note(`${source}: event ${event.id} was acknowledged there and is not`);
  }
  const wanted = new Map<string, Event>();
  const written = new Set<number>();
  let unexpected = 0;
  for (const [source, { value }] of inputBySource) {
    const event = events.get(value ?? '');
    if (event === undefined) {
      unexpected++;
      note(`${source}: in the input, and nobody sent it`);
      continue;
    }
    written.add(event.id);
    if (event.kind !== 'normal') wanted.set(source, event);
  }

  const found = new Map<string, number>();
  let duplicates = 0;
  let inversions = 0;
  const lastOf = new Map<string, number>();
  for (const record of [...output].sort(byPosition)) {
    const verdict = verdictOf(record, names);
    const event = wanted.get(verdict.source);
    const fault = event === undefined ? 'no verdict is due' : faultOf(verdict, event);
    const where = `${sourceOf(record)}: ${verdict.kind} of ${verdict.source}`;
    if (fault !== null) {
      unexpected++;
      note(`${where}: ${fault}`);
      continue;
    }
    const times = (found.get(verdict.source) ?? 0) + 1;
    found.set(verdict.source, times);
    if (times > 1) {
      duplicates++;
      note(`${where}: for the ${times}. time`);
    }
    const line = `${record.topic}/${record.partition}/${event?.entity ?? ''}`;
    const offset = Number(verdict.source.split('/').at(-1));
    if (offset < (lastOf.get(line) ?? -1)) {
      inversions++;
      note(`${where}: after a later event of ${event?.entity ?? ''}`);
    }
    lastOf.set(line, Math.max(offset, lastOf.get(line) ?? -1));
  }
  let missing = 0;
  for (const [source, { kind, id }] of wanted) {
    if (found.has(source)) continue;
    missing++;
    note(`${source}: event ${id} is ${kind}, and there is no word of it`);
  }

  const final = new Map(output.map((record) => [sourceOf(record), record.value]));
  const aborted = live.filter((record) => final.get(sourceOf(record)) !== record.value);
  for (const record of aborted) note(`${sourceOf(record)}: was read, and is not among the committed records`);
  return {
    acknowledged,
    unknown: ledger.unknownCount,
    unknownWritten: [...ledger.all()].filter(({ event, place }) => place === null && written.has(event.id))
      .length,
    expected: wanted.size,
    found: [...found.values()].reduce((sum, times) => sum + times, 0),
    faults: {
      missing,
      duplicates,
      unexpected,
      orderInversions: inversions,
      abortedReads: aborted.length,
      acknowledgedLost,
    },
    examples,
  };
}

/** What an output record says, of which event. */
export function verdictOf(record: ReadRecord, names: Names): Verdict {
  const { headers, value } = record;
  if (record.topic === names.deadLetters) {
    const at = ['topic', 'partition', 'offset'].map((name) => headers.get(`__dlq.errors.${name}`) ?? '?');
    return { kind: 'undecodable', source: at.join('/'), event: value, entity: null };
  }
  const body = Buffer.from(value ?? '', 'base64').subarray(SINGLE_OBJECT_HEADER_BYTES);
  const anomaly = anomalyType.fromBuffer(body) as Anomaly;
  return {
    kind: 'anomalous',
    source: `${anomaly.topic}/${anomaly.partition}/${anomaly.offset}`,
    event: anomaly.event.toString('base64'),
    entity: anomaly.entity,
  };
}

function faultOf({ kind, event, entity }: Verdict, due: Event): string | null {
  if (kind !== due.kind) return `the event is ${due.kind}`;
  if (event !== due.bytes.toString('base64')) return 'it does not carry the event';
  if (kind === 'anomalous' && entity !== due.entity) return `the entity is ${due.entity}`;
  return null;
}

function sourceOf({ topic, partition, offset }: ReadRecord): string {
  return `${topic}/${partition}/${offset}`;
}

function byPosition(a: ReadRecord, b: ReadRecord): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset;
}
