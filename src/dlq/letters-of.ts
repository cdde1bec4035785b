import { type TopicReading, readTopic } from '../kafka/topic-reader.js';
import type { Letter } from './letter.js';
import { readLetter } from './read-letter.js';

/** Letters of one partition, one after the other, in the order of their offsets. @throws OutriderError */
export async function* lettersOf(range: TopicReading): AsyncGenerator<readonly Letter[]> {
  for await (const batch of readTopic(range))
    yield Array.from({ length: batch.records.length }, (_, index) => readLetter(batch, index));
}
