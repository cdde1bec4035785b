import type { DeadLetterReason, HeaderList, OutgoingRecord, SourceRecord } from '../model.js';
import { BATCH_OVERHEAD_BYTES, recordBytes } from './record-size.js';

export const DEAD_LETTER_PREFIX = '__dlq.errors.';
/** On an event that came back from the dead letters: how often it was tried before. */
export const REDRIVE_ATTEMPTS = '__dlq.redrive.attempts';

export interface DeadLetterFacts {
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  readonly reason: DeadLetterReason;
  readonly message: string;
  /** How often the event was tried, this time included. */
  readonly attempts: number;
}

/** Longest message that goes into a header, in characters. */
const MESSAGE_CHARS_MAX = 1000;

/**
 * A record that cannot be scored as it goes to the dead-letter topic: key, value and headers byte for byte, and why.
 * @param batchBytesMax the dead-letter topic's max.message.bytes; a larger value is cut, and a header says so
 */
export function deadLetter(
  record: SourceRecord,
  headers: HeaderList,
  facts: DeadLetterFacts,
  to: {
    readonly topic: string;
    readonly partition: number;
    readonly batchBytesMax: number;
    readonly timestampMs: number;
  },
): OutgoingRecord {
  const own = headers.filter(([name]) => !name.startsWith(DEAD_LETTER_PREFIX) && name !== REDRIVE_ATTEMPTS);
  const nulls = own.filter(([, value]) => value === null).map(([name]) => name);
  const why: [string, Buffer][] = [
    header('topic', facts.topic),
    header('partition', String(facts.partition)),
    digits('offset', record.offset),
    digits('timestamp', record.timestamp),
    header('group', facts.group),
    header('reason', facts.reason),
    header('message', facts.message.slice(0, MESSAGE_CHARS_MAX)),
    header('attempts', String(facts.attempts)),
  ];
  if (nulls.length > 0)
    why.push(header('null-headers', [...new Set(nulls)].join(',').slice(0, MESSAGE_CHARS_MAX)));
  const whole = { key: record.key, value: record.value, headers: [...own, ...why] };
  return {
    topic: to.topic,
    partition: to.partition,
    timestampMs: to.timestampMs,
    ...cut(whole, why, to.batchBytesMax),
  };
}

/** How often an event was tried before, by its headers. Whoever writes to the input can write this one too. */
export function attemptsBefore(headers: HeaderList): number {
  const text = headers.findLast(([name]) => name === REDRIVE_ATTEMPTS)?.[1]?.toString('latin1') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
}

type Content = Pick<OutgoingRecord, 'key' | 'value' | 'headers'>;

/** Cuts the value to what the topic takes; where key and headers alone are too large, they go too. */
function cut(whole: Content, why: HeaderList, batchBytesMax: number): Content {
  const room = batchBytesMax - BATCH_OVERHEAD_BYTES;
  if (recordBytes(whole) <= room) return whole;
  const total = whole.value?.length ?? 0;
  const marked = (content: Content, kept: number): Content => ({
    ...content,
    value: whole.value?.subarray(0, kept) ?? null,
    headers: [...content.headers, header('truncated', `${kept} of ${total}`)],
  });
  for (const content of [
    whole,
    { ...whole, headers: why },
    { key: null, value: whole.value, headers: why },
  ]) {
    const kept = room - recordBytes(marked(content, 0)) - String(total).length;
    if (kept >= 0) return marked(content, Math.min(kept, total));
  }
  return marked({ key: null, value: null, headers: why }, 0);
}

function header(name: string, text: string): [string, Buffer] {
  return [DEAD_LETTER_PREFIX + name, bytesOf(text)];
}

/** Another in every letter. */
function digits(name: string, text: string): [string, Buffer] {
  return [DEAD_LETTER_PREFIX + name, Buffer.from(text, 'latin1')];
}

/** What all letters of a partition say, and most of their messages, is encoded once. */
const TEXTS_MAX = 1000;
const KEPT_CHARS_MAX = 200;
const texts = new Map<string, Buffer>();

function bytesOf(text: string): Buffer {
  const known = texts.get(text);
  if (known !== undefined) return known;
  const bytes = Buffer.from(text, 'utf8');
  if (text.length > KEPT_CHARS_MAX) return bytes;
  if (texts.size >= TEXTS_MAX) texts.clear();
  texts.set(text, bytes);
  return bytes;
}
