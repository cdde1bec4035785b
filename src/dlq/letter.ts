import type { HeaderList } from '../model.js';

export type LetterFormat = 'outrider' | 'connect' | 'spring' | 'unknown';

/** Where the event of a dead letter stood, as its headers say. */
export interface LetterSource {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The event's own timestamp in Unix ms, or null where nobody wrote it down. */
  readonly timestampMs: number | null;
}

/** What the headers of a dead letter say, whoever wrote it. */
export interface LetterFacts {
  readonly writtenBy: LetterFormat;
  readonly reason: string;
  readonly message: string;
  /** How often the event was tried, at least 1. */
  readonly attempts: number;
  /** The consumer group (or connector) that wrote it, where it says so. */
  readonly group: string | null;
  readonly source: LetterSource | null;
  /** `KEPT of TOTAL` bytes, where the value was cut; null where it is whole. */
  readonly truncated: string | null;
}

/** A record of a dead-letter topic. */
export interface Letter extends LetterFacts {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** When it was written, Unix ms. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** All of them, as they stand. */
  readonly headers: HeaderList;
}

/** `shuttle.dlt/3/120` */
export function placeOf({
  topic,
  partition,
  offset,
}: Pick<Letter, 'topic' | 'partition' | 'offset'>): string {
  return `${topic}/${partition}/${offset}`;
}
