import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro, { type Schema, type Type } from 'avsc';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { seededRandom } from '../../src/detect/random.js';
import { writeModel } from '../../src/detect/model-file.js';
import { trainModel } from '../../src/detect/train.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import type { KafkaConfig } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { PlainTransport } from '../../src/kafka/plain-transport.js';
import { readTopic } from '../../src/kafka/topic-reader.js';
import type { Delivery, HeaderList } from '../../src/model.js';
import { prepareReading } from '../../src/pipeline/setup.js';
import { type Anomaly, decodeAnomaly } from '../../src/publish/anomaly-record.js';
import { Producer } from '../../src/publish/producer.js';

export const log = pino({ level: 'silent' });

export function testBrokers(): string[] {
  const brokers = process.env.OUTRIDER_TEST_BROKERS;
  if (brokers === undefined || brokers === '') throw new Error('no broker: run the tests with `npm test`');
  return brokers.split(',');
}

export const EVENT_SCHEMA = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'entity', type: 'string' },
    { name: 'a', type: 'double' },
    { name: 'b', type: 'double' },
    { name: 'c', type: ['null', 'double'], default: null },
  ],
} as const;

export interface TestRecord {
  readonly partition: number;
  readonly key?: string | Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: HeaderList;
}

export interface Output {
  readonly anomalies: readonly Anomaly[];
  readonly deadLetters: readonly {
    readonly partition: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: HeaderList;
  }[];
}

/** A fresh topic with fresh output topics, a folder with schema and model, and what a test does with them. */
export class Scenario implements AsyncDisposable {
  readonly name = `test-${randomBytes(5).toString('hex')}`;
  readonly folder = mkdtempSync(join(tmpdir(), 'outrider-test-'));
  readonly admin: KafkaAdmin;
  readonly type: Type = avro.Type.forSchema(EVENT_SCHEMA as unknown as Schema);
  private readonly header = singleObjectHeader(this.type);
  private readonly transport: PlainTransport;
  private readonly producer: Producer;
  private readonly topics: string[] = [];

  private constructor(
    readonly partitions: number,
    readonly brokers: string[],
    /** As whom topics are made, written and read. */
    private readonly kafka: KafkaConfig,
  ) {
    this.admin = new KafkaAdmin(kafka, log);
    this.transport = new PlainTransport(kafka, log);
    this.producer = new Producer({ transport: this.transport, batchBytesMax: () => 900_000 });
  }

  static async create(
    partitions = 4,
    brokers = testBrokers(),
    kafka = localKafka(brokers),
  ): Promise<Scenario> {
    const scenario = new Scenario(partitions, brokers, kafka);
    writeFileSync(join(scenario.folder, 'event.avsc'), JSON.stringify(EVENT_SCHEMA));
    await scenario.transport.connect();
    await scenario.topic(scenario.name, partitions);
    return scenario;
  }

  async topic(
    name: string,
    partitions = this.partitions,
    configs: Record<string, string> = {},
  ): Promise<string> {
    await this.admin.createTopics([{ topic: name, partitions, configs }]);
    this.topics.push(name);
    return name;
  }

  /** A configuration with output topics of its own, written beside schema and model. */
  async configure(
    run: string,
    changes: Record<string, unknown> = {},
    topicConfigs: Record<string, string> = {},
  ): Promise<{ file: string; group: string; anomalies: string; deadLetters: string }> {
    const group = `${this.name}.${run}`;
    const anomalies = await this.topic(`${group}.anomalies`, this.partitions, topicConfigs);
    const deadLetters = await this.topic(`${group}.dlt`, this.partitions, topicConfigs);
    const file = join(this.folder, `${run}.yml`);
    writeFileSync(file, stringify({ ...this.base(), group, output: { anomalies, deadLetters }, ...changes }));
    return { file, group, anomalies, deadLetters };
  }

  /** A configuration without topics of its own, for what does not get as far as writing. @returns its file */
  reconfigure(run: string, changes: Record<string, unknown>): string {
    const file = join(this.folder, `${run}.yml`);
    writeFileSync(file, stringify({ ...this.base(), group: `${this.name}.${run}`, ...changes }));
    return file;
  }

  private base(): Record<string, unknown> {
    return {
      kafka: { brokers: this.brokers },
      group: this.name,
      input: { topic: this.name, schema: 'event.avsc', startAt: 'earliest', entity: 'entity', time: 'at' },
      features: ['a', 'b', { name: 'c', field: 'c', missing: 0 }],
      detector: { type: 'isolation-forest', model: 'model', seed: 3, trees: 25, threshold: 0.6 },
      commit: { intervalMs: 50 },
      http: false,
    };
  }

  async train(): Promise<void> {
    const file = join(this.folder, 'train.yml');
    writeFileSync(file, stringify(this.base()));
    const config = loadConfig(file, {});
    const reading = prepareReading(config);
    const random = seededRandom(11);
    const rows = 1000;
    const values = Float64Array.from({ length: rows * 3 }, () => random() + random());
    const task = {
      kind: config.detector.kind,
      options: config.detector.options,
      features: reading.names,
      definitions: reading.definitions,
      data: { values, rows, width: 3 },
      source: 'test',
      rejected: 0,
      name: 'test',
      rowsPerDay: null,
      threshold: null,
      imported: null,
    };
    const { model } = await trainModel(task, () => 0, new AbortController().signal);
    writeModel(join(this.folder, 'model'), model);
  }

  encode(event: { id: number; entity: string; a: number; b: number; c: number | null }): Buffer {
    return Buffer.concat([this.header, this.type.toBuffer({ at: 1_700_000_000_000 + event.id, ...event })]);
  }

  /** About one in ten is far from the training data. */
  event(
    id: number,
    random: () => number,
  ): { id: number; entity: string; a: number; b: number; c: number | null } {
    const far = random() < 0.1 ? 4 : 0;
    return {
      id,
      entity: `e${id % 50}`,
      a: random() + random() + far,
      b: random() + random(),
      c: random() < 0.2 ? null : random() + random(),
    };
  }

  async write(records: readonly TestRecord[], topic = this.name): Promise<readonly Delivery[]> {
    return this.producer.sendAll(
      records.map(({ partition, key, value, headers }) => ({
        topic,
        partition,
        key: typeof key === 'string' ? Buffer.from(key) : (key ?? null),
        value,
        headers: headers ?? [],
      })),
    );
  }

  /** Events id from … to-1, dealt out to the partitions by id, every hundredth undecodable. */
  async produce(from: number, to: number, seed = 5): Promise<void> {
    const random = seededRandom(seed + from);
    const records: TestRecord[] = [];
    for (let id = from; id < to; id++) {
      const event = this.event(id, random);
      const whole = this.encode(event);
      records.push({
        partition: id % this.partitions,
        key: event.entity,
        value: id % 100 === 99 ? whole.subarray(0, whole.length - 3) : whole,
      });
    }
    await this.write(records);
  }

  async ends(): Promise<ReadonlyMap<number, number>> {
    return await this.admin.ends(this.name);
  }

  async isCommitted(group: string): Promise<boolean> {
    const committed = await this.admin.committed(group, this.name);
    return [...(await this.ends())].every(
      ([partition, end]) => (committed.get(partition)?.offset ?? -1) >= end,
    );
  }

  async read(config: { anomalies: string; deadLetters: string }): Promise<Output> {
    const anomalies: Anomaly[] = [];
    const deadLetters: Output['deadLetters'][number][] = [];
    for await (const batch of this.all(config.anomalies)) {
      for (const { value } of batch.records) anomalies.push(decodeAnomaly(value as Buffer));
    }
    for await (const batch of this.all(config.deadLetters)) {
      for (const [i, { key, value }] of [...batch.records].entries()) {
        deadLetters.push({ partition: batch.partition, key, value, headers: batch.headersOf(i) });
      }
    }
    return { anomalies, deadLetters };
  }

  async *all(topic: string) {
    const { from, to } = await this.admin.extent(topic);
    yield* readTopic({
      kafka: this.kafka,
      topic,
      groupPrefix: `${this.name}.read`,
      from,
      to,
      log,
      signal: new AbortController().signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    try {
      await this.admin.deleteTopics(this.topics);
    } finally {
      await this.transport[Symbol.asyncDispose]();
      await this.admin[Symbol.asyncDispose]();
    }
  }
}

/** What two runs have to agree on, as text: every verdict with its score to the last bit, every dead letter. */
export function fingerprintOf({ anomalies, deadLetters }: Output): string[] {
  const verdicts = anomalies.map(({ id, topic, partition, offset, score, entity, features }) =>
    JSON.stringify({ id, topic, partition, offset, score, entity, features }),
  );
  const letters = deadLetters.map(({ key, value, headers }) => {
    const facts = Object.fromEntries(headers.map(([name, text]) => [name, text?.toString()]));
    const { '__dlq.errors.group': _group, ...rest } = facts;
    return JSON.stringify([key?.toString('hex'), value?.toString('hex'), rest]);
  });
  return [...verdicts, ...letters].sort();
}
