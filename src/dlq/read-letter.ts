import type { HeaderList, SourceBatch, SourceRecord } from '../model.js';
import { DEAD_LETTER_PREFIX, REDRIVE_ATTEMPTS } from '../publish/dead-letter.js';
import type { Letter, LetterFacts, LetterSource } from './letter.js';

/** Kafka Connect, `DeadLetterQueueReporter`: numbers as text. */
const CONNECT_PREFIX = '__connect.errors.';
/** Spring for Apache Kafka, `KafkaHeaders.DLT_*`: partition, offset and time as big-endian integers. */
const SPRING_PREFIX = 'kafka_dlt-';

/** A record of a dead-letter topic as a letter; nothing that its headers contain throws. */
export function readLetter(batch: SourceBatch, index: number): Letter {
  const record = batch.records.at(index) as SourceRecord;
  const headers = batch.headersOf(index);
  return {
    ...factsOf(headers),
    topic: batch.topic,
    partition: batch.partition,
    offset: Number(record.offset),
    timestampMs: Number(record.timestamp),
    key: record.key,
    value: record.value,
    headers,
  };
}

/** The headers that the event itself had; those that were null are so again. */
export function eventHeaders({ headers }: Pick<Letter, 'headers'>): HeaderList {
  const nulls = new Set(
    text(headers, `${DEAD_LETTER_PREFIX}null-headers`)
      ?.split(',')
      .filter((name) => name !== ''),
  );
  return headers
    .filter(
      ([name]) =>
        ![DEAD_LETTER_PREFIX, CONNECT_PREFIX, SPRING_PREFIX].some((prefix) => name.startsWith(prefix)) &&
        name !== REDRIVE_ATTEMPTS,
    )
    .map(([name, value]) => [name, value?.length === 0 && nulls.has(name) ? null : value]);
}

/** Hot path for Outrider's own letters: their headers are looked at once. */
function factsOf(headers: HeaderList): LetterFacts {
  const has = (prefix: string): boolean => headers.some(([name]) => name.startsWith(prefix));
  if (has(DEAD_LETTER_PREFIX)) return outriderFacts(headers);
  if (has(CONNECT_PREFIX)) return connectFacts(headers);
  if (has(SPRING_PREFIX)) return springFacts(headers);
  return { ...NOTHING, writtenBy: 'unknown', reason: 'unknown', message: '' };
}

const NOTHING = { attempts: 1, group: null, source: null, truncated: null } as const;

function outriderFacts(headers: HeaderList): LetterFacts {
  const said = new Map<string, Buffer>();
  for (const [name, value] of headers)
    if (value !== null && name.startsWith(DEAD_LETTER_PREFIX))
      said.set(name.slice(DEAD_LETTER_PREFIX.length), value);
  const say = (name: string): string | null => said.get(name)?.toString('utf8') ?? null;
  return {
    writtenBy: 'outrider',
    reason: say('reason') ?? 'unknown',
    message: say('message') ?? '',
    attempts: Math.max(1, whole(say('attempts')) ?? 1),
    group: say('group'),
    source: sourceOf(say('topic'), whole(say('partition')), whole(say('offset')), whole(say('timestamp'))),
    truncated: say('truncated'),
  };
}

function connectFacts(headers: HeaderList): LetterFacts {
  const say = (name: string): string | null => text(headers, CONNECT_PREFIX + name);
  return {
    ...NOTHING,
    writtenBy: 'connect',
    reason: simpleName(say('exception.class.name')) ?? say('stage') ?? 'unknown',
    message: say('exception.message') ?? '',
    group: say('connector.name'),
    source: sourceOf(say('topic'), whole(say('partition')), whole(say('offset')), null),
  };
}

function springFacts(headers: HeaderList): LetterFacts {
  const say = (name: string): string | null => text(headers, SPRING_PREFIX + name);
  // A letter that failed again has the headers of each time, the first time's first.
  const first = (name: string): Buffer | null =>
    headers.find(([other]) => other === SPRING_PREFIX + name)?.[1] ?? null;
  return {
    ...NOTHING,
    writtenBy: 'spring',
    reason: simpleName(say('exception-cause-fqcn') ?? say('exception-fqcn')) ?? 'unknown',
    message: say('exception-message') ?? '',
    attempts: Math.max(1, headers.filter(([name]) => name === `${SPRING_PREFIX}original-offset`).length),
    group: say('original-consumer-group'),
    source: sourceOf(
      first('original-topic')?.toString('utf8') ?? null,
      bigEndian(first('original-partition'), 4),
      bigEndian(first('original-offset'), 8),
      bigEndian(first('original-timestamp'), 8),
    ),
  };
}

const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;
const PARTITION_MAX = 2 ** 31 - 1;

/** @returns null unless all of it can be a place in a log */
function sourceOf(
  topic: string | null,
  partition: number | null,
  offset: number | null,
  timestampMs: number | null,
): LetterSource | null {
  if (topic === null || !TOPIC_NAME.test(topic)) return null;
  if (partition === null || partition > PARTITION_MAX || offset === null) return null;
  return { topic, partition, offset, timestampMs };
}

/** The last header of a name as text, or null where there is none. */
function text(headers: HeaderList, name: string): string | null {
  return headers.findLast(([other]) => other === name)?.[1]?.toString('utf8') ?? null;
}

function whole(digits: string | null): number | null {
  if (digits === null || !/^\d{1,16}$/.test(digits)) return null;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : null;
}

function bigEndian(bytes: Buffer | null, size: 4 | 8): number | null {
  if (bytes?.length !== size) return null;
  const value = size === 4 ? bytes.readInt32BE(0) : Number(bytes.readBigInt64BE(0));
  return value >= 0 && Number.isSafeInteger(value) ? value : null;
}

/** `org.apache.kafka.connect.errors.DataException` → `DataException` */
function simpleName(className: string | null): string | null {
  return className?.split('.').at(-1) ?? null;
}
