import type { Type } from 'avsc';
import { type Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { readSchemaFile } from '../decode/avro-schema.js';
import { isPlanFault, planFields } from '../decode/field-plan.js';
import { singleObjectHeader } from '../decode/fingerprint.js';
import { RegistryClient } from '../decode/registry-client.js';
import type { Encoding } from '../decode/wire-format.js';
import { UsageError } from '../errors.js';
import { type FieldPath, parseFieldPath } from '../field-path.js';
import { columnMap, withMappedColumns } from '../files/column-map.js';
import { produceRows } from '../files/produce-rows.js';
import { readRows } from '../files/read-rows.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { keyPartitioner } from '../kafka/partitioner.js';
import { COMPRESSIONS, type Compression } from '../kafka/compression/compression.js';
import { PlainTransport } from '../kafka/plain-transport.js';
import { plural } from '../plural.js';
import { confluentFrame } from '../publish/anomaly-record.js';
import { Producer } from '../publish/producer.js';
import { type Connection, connectionFor } from './connection.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect, common, number } from './options.js';
import { Printer } from './output.js';
import { startProgress } from './progress.js';

interface ProduceOptions extends CommonOptions {
  readonly topic?: string;
  readonly schema?: string;
  readonly brokers?: string;
  readonly encoding?: Encoding;
  readonly key?: string;
  readonly partitionBy?: string;
  readonly rate?: number;
  readonly map?: readonly string[];
  readonly compression: Compression;
}

export function produceCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('produce')
      .description('write the rows of a file to a topic as Avro records')
      .argument('<file>', '.csv, .jsonl (both also .gz) or .avro')
      .option('--topic <topic>', 'where to [input.topic]')
      .option('--schema <file>', 'the schema to write with [input.schema]')
      .option('--brokers <list>', 'host:port, … [kafka.brokers, KAFKA_BROKERS, localhost:9092]')
      .addOption(
        new Option(
          '--encoding <name>',
          'how a record names its schema [input.encoding, or single-object]',
        ).choices(['single-object', 'confluent', 'raw']),
      )
      .option('--key <field>', "the field whose text is the record's key")
      .option('--partition-by <field>', "the field that chooses the partition [the key's]")
      .option('--rate <n>', 'records per second [as fast as it goes]', number)
      .option(
        '--map <column=path>',
        "which field a column is, as in 'f*=values[*]'; may be repeated",
        collect,
      )
      .addOption(
        new Option('--compression <codec>', 'of the record batches').choices(COMPRESSIONS).default('none'),
      ),
    "outrider produce history.csv.gz --topic shuttle --schema schemas/event.avsc --map 'f*=values[*]' --key unit --rate 1000",
    'warn',
  ).action(async (file: string, options: ProduceOptions) => produce(file, options, context));
}

async function produce(file: string, options: ProduceOptions, context: CliContext): Promise<void> {
  const connection = connectionFor(options.config, options.brokers, context);
  const topic = options.topic ?? connection.config?.input.topic;
  const schemaFile = options.schema ?? connection.config?.input.schema;
  if (topic === undefined || schemaFile === undefined)
    throw new UsageError('give --topic and --schema, or a configuration with --config');
  if (options.rate !== undefined && !(options.rate > 0)) throw new UsageError('--rate: a number above 0');
  const schema = readSchemaFile(schemaFile);
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(connection.kafka, log);
  const partitions = await admin.partitionCount(topic);
  const batchBytesMax = await admin.maxMessageBytes(topic);
  await using transport = new PlainTransport(connection.kafka, log, options.compression);
  await transport.connect();
  const producer = new Producer({ transport, batchBytesMax: () => batchBytesMax });
  const started = performance.now();
  using progress = startProgress(context.stderr, 'records', 0);
  const produced = await produceRows({
    source: file,
    rows: withMappedColumns(readRows(file), options.map ?? []),
    map: columnMap(options.map ?? []),
    schema,
    frame: await frameFor(
      options.encoding ?? connection.config?.input.encoding ?? 'single-object',
      schema,
      schemaFile,
      topic,
      connection,
      context.signal,
    ),
    topic,
    partitions,
    key: fieldOption('--key', options.key, schema),
    partitionBy: fieldOption('--partition-by', options.partitionBy, schema),
    partitionOf: keyPartitioner(),
    rate: options.rate ?? null,
    send: (records) => producer.sendAll(records),
    onProgress: (done) => progress.update(done),
    signal: context.signal,
  });
  const seconds = (performance.now() - started) / 1000;
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json({ produced, topic, partitions, seconds });
  else
    printer.line(
      `${plural(produced, 'record')} written to ${topic} (${plural(partitions, 'partition')}) in ${seconds.toFixed(1)} s`,
    );
}

async function frameFor(
  encoding: Encoding,
  schema: Type,
  schemaFile: string,
  topic: string,
  { config }: Connection,
  signal: AbortSignal,
): Promise<Buffer> {
  if (encoding === 'raw') return Buffer.alloc(0);
  if (encoding === 'single-object') return singleObjectHeader(schema);
  const registry = config?.input.registry ?? null;
  if (registry === null)
    throw new UsageError('--encoding confluent needs input.registry in the configuration');
  const id = await new RegistryClient(registry).idOf(
    `${topic}-value`,
    readFileSync(schemaFile, 'utf8'),
    signal,
  );
  return confluentFrame(id);
}

function fieldOption(flag: string, text: string | undefined, schema: Type): FieldPath | null {
  if (text === undefined) return null;
  const path = parseFieldPath(text);
  if (path === null)
    throw new UsageError(`${flag} ${text}: not a field path; write unit, payload.id or values[3]`);
  const plan = planFields(schema, { fields: [], time: null, entity: path });
  if (isPlanFault(plan)) throw new UsageError(`${flag} ${text}: ${plan.message}`);
  return path;
}
