import type { SourceBatch } from '../model.js';
import { REDRIVE_ATTEMPTS } from '../publish/dead-letter.js';
import type { Letter } from './letter.js';
import { eventHeaders } from './read-letter.js';

/** Where an event stands, for its verdict's id. */
export interface EventPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
}

/**
 * The events of letters as a batch of the topic on which they stood.
 * @param letters of one topic and partition, by `placeOf`; at least one
 * @param placeOf where an event stood; by default where the letter stands
 */
export function batchOf(
  letters: readonly Letter[],
  placeOf: (letter: Letter) => EventPlace = (letter) => letter,
): SourceBatch {
  const places = letters.map(placeOf);
  const [first] = places as [EventPlace];
  const nextOffset = (places.at(-1) as EventPlace).offset + 1;
  return {
    topic: first.topic,
    partition: first.partition,
    records: letters.map(({ key, value }, index) => {
      const { offset, timestampMs } = places[index] as EventPlace;
      return { offset: String(offset), timestamp: String(timestampMs), key, value };
    }),
    headersOf: (index) => {
      const letter = letters[index] as Letter;
      return [...eventHeaders(letter), [REDRIVE_ATTEMPTS, Buffer.from(String(letter.attempts))]];
    },
    fetchedOffset: first.offset,
    nextOffset,
    highWatermark: nextOffset,
  };
}
