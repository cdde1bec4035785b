import type { Logger } from 'pino';
import { localKafka } from '../../src/kafka/local-config.js';
import { readTopic } from '../../src/kafka/topic-reader.js';
import type { Peer } from './peer.js';

/** What a run has written: the event of each committed record of the output between these offsets. */
export async function eventsOf(
  { eventOf }: Peer,
  brokers: readonly string[],
  topic: string,
  from: ReadonlyMap<number, number>,
  to: ReadonlyMap<number, number>,
  log: Logger,
): Promise<string[]> {
  const { signal } = new AbortController();
  const events: string[] = [];
  const reading = { kafka: localKafka(brokers), topic, groupPrefix: 'bench', from, to, log, signal };
  for await (const { records } of readTopic(reading))
    for (const { value } of records) events.push(eventOf(value ?? Buffer.alloc(0)));
  return events;
}
