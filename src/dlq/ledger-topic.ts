import type { Logger } from 'pino';
import { KafkaAdmin } from '../kafka/admin.js';
import type { KafkaConfig } from '../kafka/client.js';
import { internalTopic } from '../kafka/internal-topic.js';
import { readTopic } from '../kafka/topic-reader.js';
import { Ledger } from './ledger.js';
import { readEntry, readMark } from './ledger-record.js';

/** The compacted topic in which a group notes what became of dead letters. */
export interface LedgerTopic {
  readonly name: string;
  readonly partitions: number;
}

export interface LedgerReading {
  readonly kafka: KafkaConfig;
  readonly group: string;
  /** The dead-letter topic. */
  readonly letters: string;
  readonly admin: KafkaAdmin;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export function ledgerTopicName(group: string): string {
  return internalTopic(group, 'redriven');
}

/** Where the entries of a partition of letters stand. */
export function ledgerPartition({ partitions }: LedgerTopic, partition: number): number {
  return partition % partitions;
}

/** @returns null where there is none yet */
export async function findLedgerTopic({ group, admin }: LedgerReading): Promise<LedgerTopic | null> {
  const name = ledgerTopicName(group);
  const partitions = (await admin.partitionCounts([name])).get(name);
  return partitions === undefined ? null : { name, partitions };
}

/** Creates it where it is missing. @throws OutriderError */
export async function makeLedgerTopic(reading: LedgerReading, partitions: number): Promise<LedgerTopic> {
  const found = await findLedgerTopic(reading);
  if (found !== null) return found;
  const name = ledgerTopicName(reading.group);
  await reading.admin.createTopics([{ topic: name, partitions, configs: { 'cleanup.policy': 'compact' } }]);
  return { name, partitions };
}

/**
 * The ledgers of a dead-letter topic, by its partition.
 * @param ends up to where to read, by partition of the ledger topic; absent: what is its end now
 */
export async function readLedgers(
  { kafka, group, letters, admin, log, signal }: LedgerReading,
  topic: LedgerTopic,
  ends?: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, Ledger>> {
  const ledgers = new Map<number, Ledger>();
  const { from, to } = await admin.extent(topic.name);
  const groupPrefix = `${group}.dlq`;
  const reading = { kafka, topic: topic.name, groupPrefix, from, to: ends ?? to, log, signal };
  for await (const { records } of readTopic(reading)) {
    for (const { key, value } of records) {
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
  }
  return ledgers;
}

/**
 * Whether another redrive has left its mark on any of these letters since.
 * @param marks where one's own mark stands in the ledger topic, by partition of the letters
 */
export async function wasTakenOver(
  { kafka, group, letters, admin, log, signal }: LedgerReading,
  topic: LedgerTopic,
  marks: ReadonlyMap<number, number>,
): Promise<boolean> {
  const { to } = await admin.extent(topic.name);
  const from = new Map<number, number>();
  for (const [partition, offset] of marks) {
    const at = ledgerPartition(topic, partition);
    from.set(at, Math.min(from.get(at) ?? Infinity, offset));
  }
  const groupPrefix = `${group}.dlq`;
  for await (const { records } of readTopic({
    kafka,
    topic: topic.name,
    groupPrefix,
    from,
    to,
    log,
    signal,
  })) {
    for (const { key, offset } of records) {
      const of = readMark(key);
      const own = of?.topic === letters ? marks.get(of.partition) : undefined;
      if (own !== undefined && Number(offset) > own) return true;
    }
  }
  return false;
}
