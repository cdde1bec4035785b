import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { MissingRemoteError } from '../errors.js';
import { type Durability, KafkaAdmin, missingTopic } from '../kafka/admin.js';
import { defectsAmong } from '../kafka/broker-defects.js';
import { brokerReleases } from '../kafka/broker-release.js';
import { FencedProducer } from '../kafka/fenced-producer.js';
import { grantCommand } from '../kafka/grant-command.js';
import { brokenRelations } from '../kafka/time-outs.js';
import { transactionalId } from '../kafka/transactional-sink.js';
import { protocolErrorOf } from '../kafka/translate-errors.js';
import type { Clock } from '../model.js';
import { plural } from '../plural.js';
import { checkCertificates } from './check-certificates.js';
import { checkRights, missingTransactionalId } from './check-rights.js';
import { checkRegistry, checkSchemaFolder } from './check-schemas.js';
import { type Finding, fault, ok, toldBy, tried } from './finding.js';
import { prepareOutputCodec } from './output-codec.js';
import { type EventReading, prepareJudge, prepareReading } from './setup.js';

/** A partition number that no topic has: its transactional id belongs to the fleet, and fencing it disturbs nobody. */
const CHECK_PARTITION = -1;

const PARTITIONS_DEFAULT = 4;
/** An anomaly and a dead letter hold their event and more. */
const OUTPUT_HEADROOM_BYTES = 65_536;

/** Creates the input and output topics that are not there; the outputs with as many partitions as the input has. */
export async function createMissingTopics(
  { kafka, input, output }: Config,
  log: Logger,
): Promise<readonly string[]> {
  await using admin = new KafkaAdmin(kafka, log);
  const partitions = (await admin.partitionCounts([input.topic])).get(input.topic) ?? PARTITIONS_DEFAULT;
  const created = await admin.createTopics([{ topic: input.topic, partitions }]);
  const batchBytesMax = (await admin.maxMessageBytes(input.topic)) + OUTPUT_HEADROOM_BYTES;
  const configs = { 'max.message.bytes': String(batchBytesMax) };
  return [
    ...created,
    ...(await admin.createTopics(
      [output.anomalies, output.deadLetters].map((topic) => ({ topic, partitions, configs })),
    )),
  ];
}

/** Looks at everything that `run` will need, in the order in which it will need it. */
export async function* check(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Finding> {
  yield ok(
    'configuration',
    `${config.file}: group ${config.group}, ${config.delivery}, ${plural(config.features.features.length, 'feature')}`,
  );
  for (const { key, message } of brokenRelations(config))
    yield { level: 'warning', what: 'time-outs', message: `${key.join('.')} ${message}` };
  let found: EventReading | null = null;
  let slowBecause: string | null = null;
  yield* tried('schema and model', async () => {
    const reading = prepareReading(config);
    found = reading;
    const { identity, threshold, detector } = await prepareJudge(config, reading);
    slowBecause = detector.slowBecause ?? null;
    return `${config.input.schema}; ${identity.detector} ${identity.name}@${identity.version}, threshold ${Number(threshold.toPrecision(6))}`;
  });
  if (slowBecause !== null)
    yield {
      level: 'warning',
      what: 'detector',
      message: `it scores several times slower than it could: ${slowBecause as string}`,
    };
  const reading = found as EventReading | null;
  if (reading !== null) yield* checkSchemaFolder(config, reading);
  const { compression } = config.output;
  if (compression !== 'none')
    yield* tried('compression', async () => {
      await prepareOutputCodec(config, log);
      return `${compression} can be written here`;
    });
  yield* checkCertificates(config, clock);
  await using admin = new KafkaAdmin(config.kafka, log);
  const reachable: Finding[] = [];
  for await (const finding of tried('brokers', async () => {
    await admin.connect();
    return config.kafka.brokers.join(', ');
  })) {
    reachable.push(finding);
    yield finding;
  }
  if (reachable.some(({ level }) => level === 'fault')) return;
  yield* checkRights(config, log);
  yield* checkTopics(config, admin);
  yield* checkSession(config, admin);
  if (config.delivery === 'exactly-once') yield* checkTransactions(config, admin, log);
  yield* checkRegistry(config, reading, signal);
}

async function* checkTopics(config: Config, admin: KafkaAdmin): AsyncGenerator<Finding> {
  const { anomalies, deadLetters } = config.output;
  const names = [config.input.topic, anomalies, deadLetters];
  let counts: ReadonlyMap<string, number>;
  try {
    counts = await admin.partitionCounts(names);
  } catch (error) {
    yield fault('topics', error);
    return;
  }
  const limits = new Map<string, number>();
  for (const topic of names) {
    const partitions = counts.get(topic);
    if (partitions === undefined) {
      yield { level: 'fault', what: 'topic', message: missingTopic(topic, config.kafka.brokers).message };
      continue;
    }
    // Of the input nobody but this comparison needs to know it.
    const level = topic === config.input.topic ? 'warning' : 'fault';
    const look = async (): Promise<string> => {
      const bytes = await admin.maxMessageBytes(topic);
      limits.set(topic, bytes);
      return `${topic}: ${partitions} partitions, max.message.bytes ${bytes}`;
    };
    yield* tried('topic', look, level);
  }
  const input = limits.get(config.input.topic);
  for (const topic of [anomalies, deadLetters]) {
    const limit = limits.get(topic);
    if (input === undefined || limit === undefined || limit >= input + OUTPUT_HEADROOM_BYTES) continue;
    const consequence =
      topic === anomalies
        ? 'an anomaly with a large event becomes a dead letter (too-large)'
        : 'the value of a large dead letter is cut';
    yield {
      level: 'warning',
      what: 'topic',
      message: `${topic}: max.message.bytes ${limit} leaves no room beside the input's ${input}: ${consequence}`,
    };
  }
}

async function* checkTransactions(config: Config, admin: KafkaAdmin, log: Logger): AsyncGenerator<Finding> {
  const at = { topic: config.input.topic, partition: CHECK_PARTITION };
  yield* tried('transactions', async () => {
    const producer = new FencedProducer(config.kafka, transactionalId(config.group, at), log);
    try {
      await producer.takeOver();
    } catch (error) {
      if (protocolErrorOf(error) !== 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') throw error;
      throw new MissingRemoteError(missingTransactionalId(config), { cause: error });
    } finally {
      await producer.discard();
    }
    return `transactional ids ${transactionalId(config.group, { ...at, partition: 0 })} … may be used`;
  });
  yield* checkReleases(config, log);
  yield* checkDurability(config, admin);
}

/** Exactly-once is as strong as the cluster keeps what it has acknowledged. */
async function* checkDurability({ input, output }: Config, admin: KafkaAdmin): AsyncGenerator<Finding> {
  const topics = [input.topic, output.anomalies, output.deadLetters, ...INTERNAL_TOPICS];
  let found: ReadonlyMap<string, Durability>;
  try {
    found = await admin.durability(topics);
  } catch (error) {
    // Running does not need the right to read a topic's configuration.
    yield { level: 'warning', what: 'durability', message: `not known: ${toldBy(error)}` };
    return;
  }
  if (found.size === 0) {
    yield { level: 'warning', what: 'durability', message: 'not known: no topic is seen' };
    return;
  }
  const hidden = topics.filter((topic) => !found.has(topic));
  let isStrong = true;
  for (const { isWeak, message } of WEAKNESSES) {
    const weak = topics.filter((topic) => {
      const durability = found.get(topic);
      return durability !== undefined && isWeak(durability);
    });
    if (weak.length === 0) continue;
    isStrong = false;
    yield { level: 'warning', what: 'durability', message: `${weak.join(', ')}: ${message}` };
  }
  if (!isStrong) return;
  const which = hidden.length === 0 ? 'every topic' : `every topic but ${hidden.join(', ')}, not seen,`;
  yield ok('durability', `${which} has replicas, and a write waits for two of them`);
}

const INTERNAL_TOPICS: readonly string[] = ['__consumer_offsets', '__transaction_state'];

const WEAKNESSES: readonly { isWeak(durability: Durability): boolean; readonly message: string }[] = [
  {
    isWeak: ({ replicas }) => replicas < 2,
    message:
      'on one broker only: what it loses is lost. Where it matters use three brokers and replication 3',
  },
  {
    isWeak: ({ replicas, inSyncMin }) => replicas >= 2 && inSyncMin < 2,
    message:
      'min.insync.replicas 1: a record counts as written when one broker has it. Where it matters set it to 2',
  },
  {
    isWeak: ({ isUncleanAllowed }) => isUncleanAllowed,
    message: 'unclean.leader.election.enable: acknowledged records can be thrown away',
  },
];

/** The broker itself says no only when somebody joins. */
async function* checkSession({ kafka }: Config, admin: KafkaAdmin): AsyncGenerator<Finding> {
  const { sessionTimeoutMs } = kafka;
  let limits: { readonly minMs: number; readonly maxMs: number };
  try {
    limits = await admin.sessionLimits();
  } catch (error) {
    // Running does not need the right to read a broker's configuration.
    const grant = grantCommand(kafka, { kind: 'cluster', name: '' }, ['DescribeConfigs']);
    const remedy = isDenied(error) ? `; only this check needs the right; grant it with: ${grant}` : '';
    yield {
      level: 'warning',
      what: 'session',
      message: `the broker's limits are not known: ${toldBy(error)}${remedy}`,
    };
    return;
  }
  const { minMs, maxMs } = limits;
  const range = `group.min.session.timeout.ms (${minMs}) to group.max.session.timeout.ms (${maxMs})`;
  const isTaken = sessionTimeoutMs >= minMs && sessionTimeoutMs <= maxMs;
  yield isTaken
    ? ok('session', `${sessionTimeoutMs} ms, within the broker's ${range}`)
    : fault('session', new Error(`kafka.sessionTimeoutMs ${sessionTimeoutMs}: the broker takes ${range}`));
}

function isDenied(error: unknown): boolean {
  return protocolErrorOf(error)?.endsWith('_AUTHORIZATION_FAILED') === true;
}

async function* checkReleases(config: Config, log: Logger): AsyncGenerator<Finding> {
  const releases = await brokerReleases(config.kafka, log);
  const found = defectsAmong(releases);
  for (const { defect, nodes } of found) {
    const { issue, level, consequence, remedy } = defect;
    const brokers = `brokers ${nodes.join(', ')} run Kafka ${defect.releases} (${issue})`;
    yield { level, what: 'release', message: `${brokers}: ${consequence}; ${remedy}` };
  }
  if (found.length === 0) {
    const lines = [...new Set(releases.values())].join(', ');
    yield ok('release', `every broker runs Kafka ${lines}, without a known defect that exactly-once meets`);
  }
}
