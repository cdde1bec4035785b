import { pino } from 'pino';
import { loadConfig } from '../src/config/load.js';
import { prepareRedrive } from '../src/dlq/prepare-redrive.js';
import { ledgerTopicName } from '../src/dlq/ledger-topic.js';
import { redrive } from '../src/dlq/redrive.js';
import { KafkaAdmin } from '../src/kafka/admin.js';
import { PlainTransport } from '../src/kafka/plain-transport.js';
import { readTopic } from '../src/kafka/topic-reader.js';
import { deadLetter } from '../src/publish/dead-letter.js';
import { Producer } from '../src/publish/producer.js';
import type { Config } from '../src/config/config.js';

const log = pino({ level: 'silent' });
const BATCH_BYTES_MAX = 900_000;

/**
 * Makes a dead letter of every event of the topic, and sends all of them through the pipeline again.
 * @returns letters a second of the redrive alone, from its fence to its last commit
 */
export async function redriveRate(configFile: string, events: number): Promise<number> {
  const written = loadConfig(configFile, {});
  const deadLetters = `${written.group}.dlt`;
  const config: Config = { ...written, output: { ...written.output, deadLetters } };
  await using admin = new KafkaAdmin(config.kafka, log);
  const partitions = await admin.partitionCount(config.input.topic);
  await admin.createTopics([{ topic: deadLetters, partitions }]);
  const { signal } = new AbortController();
  await writeLetters(config, admin, signal);
  const plan = await prepareRedrive({
    config,
    from: 'earliest',
    to: 'latest',
    filter: { reasons: null, schema: null, entity: null },
    limit: Infinity,
    into: 'pipeline',
    attemptsMax: 5,
    isDryRun: false,
    clock: Date.now,
    admin,
    log,
    signal,
    onProgress: () => undefined,
  });
  const started = performance.now();
  const { taken } = await redrive(plan);
  const seconds = (performance.now() - started) / 1000;
  if (taken !== events) throw new Error(`${taken} of ${events} letters were redriven`);
  await admin.deleteTopics([deadLetters, `${deadLetters}.parked`, ledgerTopicName(config.group)]);
  return taken / seconds;
}

async function writeLetters(
  { kafka, group, input, output }: Config,
  admin: KafkaAdmin,
  signal: AbortSignal,
): Promise<void> {
  const { from, to } = await admin.extent(input.topic);
  await using transport = new PlainTransport(kafka, log);
  await transport.connect();
  const producer = new Producer({ transport, batchBytesMax: () => BATCH_BYTES_MAX });
  const reading = { kafka, topic: input.topic, groupPrefix: 'bench', from, to, log, signal };
  for await (const { topic, partition, records } of readTopic(reading)) {
    const facts = {
      topic,
      partition,
      group,
      reason: 'unknown-schema',
      message: 'no writer schema',
      attempts: 1,
    } as const;
    const place = {
      topic: output.deadLetters,
      partition,
      batchBytesMax: BATCH_BYTES_MAX,
      timestampMs: Date.now(),
    };
    await producer.sendAll(Array.from(records, (record) => deadLetter(record, [], facts, place)));
  }
}
