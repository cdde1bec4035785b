import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { readTopic } from '../kafka/topic-reader.js';
import { type Anomaly, decodeAnomaly } from '../publish/anomaly-record.js';
import { connectionFor } from './connection.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, number } from './options.js';
import { Printer } from './output.js';

interface TailOptions extends CommonOptions {
  readonly topic?: string;
  readonly brokers?: string;
  readonly fromBeginning?: boolean;
  readonly stopAtEnd?: boolean;
  readonly entity?: string;
  readonly minScore?: number;
}

export function tailCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('tail')
      .description('print anomalies as they are committed')
      .option('--topic <topic>', 'the anomaly topic [output.anomalies]')
      .option('--brokers <list>', 'host:port, … [kafka.brokers, KAFKA_BROKERS, localhost:9092]')
      .option('--from-beginning', 'from the first anomaly on, not only new ones')
      .option('--stop-at-end', 'stop at what is the end when it starts')
      .option('--entity <entity>', 'only of this entity')
      .option('--min-score <score>', 'only from this score on', number),
    'outrider tail --from-beginning --min-score 0.7',
    'warn',
  ).action(async (options: TailOptions) => tail(options, context));
}

async function tail(options: TailOptions, context: CliContext): Promise<void> {
  const { kafka, config } = connectionFor(options.config, options.brokers, context);
  const topic = options.topic ?? config?.output.anomalies;
  if (topic === undefined) throw new UsageError('give --topic, or a configuration with --config');
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(kafka, log);
  await admin.partitionCount(topic);
  const ranges = await admin.range(topic);
  const from = new Map(
    [...ranges].map(([partition, { low, high }]) => [partition, options.fromBeginning === true ? low : high]),
  );
  const to =
    options.stopAtEnd === true
      ? new Map([...ranges].map(([partition, { high }]) => [partition, high]))
      : null;
  const printer = new Printer(context.stdout, context.environment);
  const groupPrefix = `${config?.group ?? 'outrider'}.tail`;
  for await (const batch of readTopic({ kafka, topic, groupPrefix, from, to, log, signal: context.signal })) {
    for (const { value, offset } of batch.records) {
      const anomaly = value === null ? null : tryDecode(value);
      if (anomaly === null) {
        log.warn({ topic, partition: batch.partition, offset }, 'not an anomaly; passed over');
        continue;
      }
      if (options.entity !== undefined && anomaly.entity !== options.entity) continue;
      if (options.minScore !== undefined && anomaly.score < options.minScore) continue;
      if (options.json === true) printer.json(anomalyJson(anomaly));
      else printer.line(anomalyLine(anomaly, printer));
    }
  }
}

function tryDecode(value: Buffer): Anomaly | null {
  try {
    return decodeAnomaly(value);
  } catch {
    // Something else stands on the topic; the caller says where.
    return null;
  }
}

export function anomalyJson(anomaly: Anomaly): object {
  return {
    ...anomaly,
    eventTime: isoTime(anomaly.eventTime),
    detectedAt: isoTime(anomaly.detectedAt),
    event: anomaly.event.toString('base64'),
  };
}

function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

/** `12:00:01.250  shuttle-3  0.8123  values[1]=5000 (62 %), values[7]=4 (21 %)  shuttle/3/1207` */
export function anomalyLine(anomaly: Anomaly, printer: Printer): string {
  const [time = ''] = isoTime(anomaly.detectedAt).split('T')[1]?.split('Z') ?? [];
  const why = anomaly.features
    .slice(0, 3)
    .filter(({ contribution }) => contribution >= 0.05)
    .map(
      ({ name, value, contribution }) =>
        `${name}=${Number(value.toPrecision(6))} (${Math.round(contribution * 100)} %)`,
    )
    .join(', ');
  const mark = anomaly.retracted ? `${printer.style('yellow', 'taken back')}  ` : '';
  const place = `${anomaly.topic}/${anomaly.partition}/${anomaly.offset}`;
  return `${printer.style('dim', time)}  ${printer.style('bold', anomaly.entity ?? '-')}  ${printer.style('red', anomaly.score.toFixed(4))}  ${mark}${why}  ${printer.style('dim', place)}`;
}
