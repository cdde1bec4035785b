import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { stringify } from 'yaml';
import { parseConfig } from '../src/config/load.js';
import { seededRandom } from '../src/detect/random.js';
import { writeModel } from '../src/detect/model-file.js';
import { trainModel } from '../src/detect/train.js';
import { KafkaAdmin } from '../src/kafka/admin.js';
import type { Compression } from '../src/kafka/compression/compression.js';
import { localKafka } from '../src/kafka/local-config.js';
import { PlainTransport } from '../src/kafka/plain-transport.js';
import type { OutgoingRecord } from '../src/model.js';
import { prepareReading } from '../src/pipeline/setup.js';
import { Producer } from '../src/publish/producer.js';
import { FEATURES, PARTITIONS, SCHEMA, benchEvent, values } from './bench-events.js';

const TRAINING_ROWS = 4096;

/** A topic full of events of 93 bytes (id, time, entity, eight doubles), and what it takes to read it. */
export interface BenchTopic extends AsyncDisposable {
  readonly brokers: readonly string[];
  /** Without compression. */
  readonly topic: string;
  readonly events: number;
  readonly folder: string;
  readonly schemaFile: string;
  /** The rows that the model was trained on, as CSV with a header. */
  readonly trainingFile: string;
  readonly admin: KafkaAdmin;
  /** Writes a configuration with a group of its own. @returns its file, the topic that it reads, and the group */
  configure(
    delivery: 'exactly-once' | 'at-least-once',
    compression: Compression,
  ): { file: string; topic: string; group: string };
}

/**
 * What stands on the topic: events that are all different, one in POISON_EVERY of them a dead letter, or the same few
 * thousand again and again, which are written faster.
 */
export type BenchContents = 'good' | 'poisoned' | 'repeated';

const BLOCK_EVENTS = 20_000;

export async function prepareBench(
  brokers: readonly string[],
  events: number,
  compressions: ReadonlySet<Compression>,
  log: Logger,
  contents: BenchContents = 'good',
): Promise<BenchTopic> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  writeFileSync(join(folder, 'event.avsc'), JSON.stringify(SCHEMA));
  const topic = `bench-${randomBytes(4).toString('hex')}`;
  const kafka = localKafka(brokers);
  const admin = new KafkaAdmin(kafka, log);
  const inputs = new Map<Compression, string>([['none', topic]]);
  for (const compression of compressions)
    if (compression !== 'none') inputs.set(compression, `${topic}-${compression}`);
  const all = [...inputs.values()].flatMap((name) => [name, `${name}.anomalies`, `${name}.dlt`]);
  await admin.createTopics(all.map((name) => ({ topic: name, partitions: PARTITIONS })));
  for (const [compression, name] of inputs) await fill(name, events, compression, brokers, log, contents);
  const bench: BenchTopic = {
    brokers,
    topic,
    events,
    folder,
    schemaFile: join(folder, 'event.avsc'),
    trainingFile: join(folder, 'training.csv'),
    admin,
    configure: (delivery, compression) => {
      const group = `bench-${randomBytes(4).toString('hex')}`;
      const file = join(folder, `${group}.yml`);
      const input = inputs.get(compression) ?? topic;
      writeFileSync(file, configText(brokers, input, group, delivery));
      return { file, topic: input, group };
    },
    [Symbol.asyncDispose]: async () => {
      await admin.deleteTopics(all);
      await admin[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await train(bench);
  return bench;
}

function configText(brokers: readonly string[], topic: string, group: string, delivery: string): string {
  return stringify({
    kafka: { brokers },
    group,
    input: { topic, schema: 'event.avsc', startAt: 'earliest', entity: 'entity', time: 'at' },
    features: Array.from({ length: FEATURES }, (_, i) => `v${i}`),
    detector: { type: 'isolation-forest', model: 'model', seed: 1 },
    delivery,
    http: false,
  });
}

async function fill(
  topic: string,
  events: number,
  compression: Compression,
  brokers: readonly string[],
  log: Logger,
  contents: BenchContents,
): Promise<void> {
  const random = seededRandom(1);
  await using transport = new PlainTransport(localKafka(brokers), log, compression);
  await transport.connect();
  const producer = new Producer({ transport, batchBytesMax: () => 500_000 });
  let block: OutgoingRecord[] = [];
  for (let from = 0; from < events; from += BLOCK_EVENTS) {
    const count = Math.min(BLOCK_EVENTS, events - from);
    if (from === 0 || contents !== 'repeated')
      block = Array.from({ length: count }, (_, i) => ({
        topic,
        ...benchEvent(from + i, 1_700_000_000_000 + from + i, random, contents === 'poisoned'),
        headers: [],
      }));
    await producer.sendAll(block.slice(0, count));
  }
}

async function train({ brokers, topic, folder, trainingFile }: BenchTopic): Promise<void> {
  const config = parseConfig(
    join(folder, 'train.yml'),
    configText(brokers, topic, 'train', 'exactly-once'),
    {},
  );
  const reading = prepareReading(config);
  const random = seededRandom(2);
  const rows = Array.from({ length: TRAINING_ROWS }, () => values(random));
  writeFileSync(trainingFile, [reading.names, ...rows].map((row) => `${row.join(',')}\n`).join(''));
  const data = Float64Array.from(rows.flat());
  const { model } = await trainModel(
    {
      kind: config.detector.kind,
      options: config.detector.options,
      features: reading.names,
      definitions: reading.definitions,
      data: { values: data, rows: TRAINING_ROWS, width: FEATURES },
      source: 'bench',
      rejected: 0,
      name: 'bench',
      rowsPerDay: null,
      threshold: null,
      imported: null,
    },
    Date.now,
    new AbortController().signal,
  );
  writeModel(join(folder, 'model'), model);
}
