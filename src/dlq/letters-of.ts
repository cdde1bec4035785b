import type { Logger } from 'pino';
import type { KafkaConfig } from '../kafka/client.js';
import { readTopic } from '../kafka/topic-reader.js';
import type { Letter } from './letter.js';
import { readLetter } from './read-letter.js';

export interface LetterRange {
  readonly kafka: KafkaConfig;
  /** The dead-letter topic. */
  readonly topic: string;
  /** Start of the name of the group that reads. */
  readonly groupPrefix: string;
  /** First offset, and the first that is not read any more, by partition. */
  readonly from: ReadonlyMap<number, number>;
  readonly to: ReadonlyMap<number, number>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Letters of one partition, one after the other, in the order of their offsets. @throws OutriderError */
export async function* lettersOf(range: LetterRange): AsyncGenerator<readonly Letter[]> {
  for await (const batch of readTopic(range)) yield batch.records.map((_, index) => readLetter(batch, index));
}
