import type { Logger } from 'pino';
import { KafkaAdmin } from '../kafka/admin.js';
import type { KafkaConfig } from '../kafka/client.js';
import { internalTopic } from '../kafka/internal-topic.js';
import { readTopic } from '../kafka/topic-reader.js';
import type { SourceRecord } from '../model.js';
import { Ledger } from './ledger.js';
import { readEntry, readMark } from './ledger-record.js';

/** All of the ledger stands in one partition, however many there are: what was noted is found where it was noted. */
export const LEDGER_PARTITION = 0;

export interface LedgerReading {
  readonly kafka: KafkaConfig;
  readonly group: string;
  /** The dead-letter topic. */
  readonly letters: string;
  readonly admin: KafkaAdmin;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The compacted topic in which a group notes what became of dead letters. */
export function ledgerTopicName(group: string): string {
  return internalTopic(group, 'redriven');
}

/** Creates it where it is missing. @throws OutriderError */
export async function makeLedgerTopic({ group, admin }: LedgerReading): Promise<void> {
  const configs = { 'cleanup.policy': 'compact' };
  await admin.createTopics([{ topic: ledgerTopicName(group), partitions: 1, configs }]);
}

/**
 * The ledgers of a dead-letter topic, by its partition; none where nothing was noted yet.
 * @param end up to where to read; absent: what is its end now
 */
export async function readLedgers(
  reading: LedgerReading,
  end?: number,
): Promise<ReadonlyMap<number, Ledger>> {
  const ledgers = new Map<number, Ledger>();
  const { letters, log } = reading;
  for await (const { key, value } of ledgerRecords(reading, 0, end)) {
    const entry = readEntry(key, value);
    if (entry?.of.topic !== letters) continue;
    let ledger = ledgers.get(entry.of.partition);
    if (ledger === undefined) {
      ledger = new Ledger(({ firstOffset }) =>
        log.warn(
          { topic: letters, partition: entry.of.partition, offset: firstOffset },
          'the dead-letter topic is not the one that the ledger is about: what it says of these letters is void',
        ),
      );
      ledgers.set(entry.of.partition, ledger);
    }
    if (entry.page === null) ledger.drop(entry.firstOffset);
    else ledger.restore(entry.page);
  }
  return ledgers;
}

/**
 * Whether another redrive has left its mark on any of these letters since.
 * @param marks where one's own mark stands in the ledger topic, by partition of the letters
 */
export async function wasTakenOver(
  reading: LedgerReading,
  marks: ReadonlyMap<number, number>,
): Promise<boolean> {
  const first = Math.min(...marks.values());
  for await (const { key, offset } of ledgerRecords(reading, first)) {
    const of = readMark(key);
    const own = of?.topic === reading.letters ? marks.get(of.partition) : undefined;
    if (own !== undefined && Number(offset) > own) return true;
  }
  return false;
}

/** @param start at least; @param end absent: what is the end now */
async function* ledgerRecords(
  { kafka, group, admin, log, signal }: LedgerReading,
  start: number,
  end?: number,
): AsyncGenerator<SourceRecord> {
  const topic = ledgerTopicName(group);
  if (!(await admin.partitionCounts([topic])).has(topic)) return;
  const range = (await admin.range(topic)).get(LEDGER_PARTITION) ?? { low: 0, high: 0 };
  const from = new Map([[LEDGER_PARTITION, Math.max(start, range.low)]]);
  const to = new Map([[LEDGER_PARTITION, end ?? range.high]]);
  const groupPrefix = `${group}.dlq`;
  for await (const { records } of readTopic({ kafka, topic, groupPrefix, from, to, log, signal }))
    yield* records;
}
