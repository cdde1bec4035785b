import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { EventDecoder } from '../decode/event-decoder.js';
import { ConfigurationError } from '../errors.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { type Bound, resolveBounds } from '../kafka/offset-bounds.js';
import { keyPartitioner } from '../kafka/partitioner.js';
import { TransactionalWriter } from '../kafka/transactional-writer.js';
import type { Clock } from '../model.js';
import { prepareOutputCodec } from '../pipeline/output-codec.js';
import { findTopics, verdictOf } from '../pipeline/publishing.js';
import { Scorer } from '../pipeline/scorer.js';
import {
  type EventReading,
  type LookupOptions,
  anomalyFrame,
  prepareDecoder,
  prepareJudge,
  prepareReading,
} from '../pipeline/setup.js';
import type { OutputTopic } from '../publish/output-topic.js';
import { Publisher } from '../publish/publisher.js';
import { IntoParking } from './into-parking.js';
import { IntoPipeline } from './into-pipeline.js';
import { IntoSource } from './into-source.js';
import type { EventPlace } from './letter-batch.js';
import type { Letter } from './letter.js';
import { type LetterFilter, LetterMatcher } from './letter-filter.js';
import { LetterSelector } from './letter-selector.js';
import { ParkAfter } from './park-after.js';
import type { RedriveOptions } from './redrive.js';
import { redriveId } from './redrive-writer.js';
import type { Treatment } from './treatment.js';

export interface RedriveRequest {
  readonly config: Config;
  /** The dead-letter topic; absent: the configuration's. */
  readonly topic?: string | undefined;
  /** Absent: `<dead-letter topic>.parked`. */
  readonly parkingTopic?: string | undefined;
  readonly from: Bound;
  readonly to: Bound;
  readonly filter: LetterFilter;
  readonly limit: number;
  readonly into: 'pipeline' | 'source' | 'parking';
  /** Tries after which a letter is parked. */
  readonly attemptsMax: number;
  readonly isDryRun: boolean;
  readonly clock: Clock;
  readonly admin: KafkaAdmin;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onProgress: (lettersRead: number) => void;
}

export function parkingTopicOf(deadLetters: string): string {
  return `${deadLetters}.parked`;
}

/**
 * Whether the headers of letters on a topic are believed where they say where an event stood: they then become the id
 * of its anomaly. Only on the topics that the configuration names, which nobody else may write to (docs/SECURITY.md).
 */
export function isTrusted(topic: string, { output }: Config): boolean {
  return topic === output.deadLetters || topic === parkingTopicOf(output.deadLetters);
}

/** What a redrive runs on. @throws OutriderError when schema, model or topics are missing */
export async function prepareRedrive(request: RedriveRequest): Promise<RedriveOptions> {
  const { config, admin, log, signal, into, isDryRun, filter, limit, onProgress } = request;
  const { kafka, group, output, input } = config;
  const topic = request.topic ?? output.deadLetters;
  const parkingName = request.parkingTopic ?? parkingTopicOf(output.deadLetters);
  if (into === 'parking' && topic === parkingName)
    throw new ConfigurationError(`topic ${topic} is the parking topic: its letters are parked already`);
  allowBatchBytes(input.maxBatchBytes);
  const reading = prepareReading(config);
  await prepareOutputCodec(config, log);
  const decoder = prepareDecoder(config, reading, patientLookups(log));
  const { letters } = await findTopics(admin, kafka, { letters: topic });
  const parking = await parkingTopic(request, parkingName, letters);
  // Where what is read goes: of the other topics nothing has to be known, nor allowed.
  const target = into === 'source' ? input.topic : into === 'pipeline' ? output.anomalies : parkingName;
  const { destination } = await findTopics(admin, kafka, { destination: target });
  const topics = [letters, parking, destination];
  const limits = new Map(topics.map(({ name, batchBytesMax }) => [name, batchBytesMax]));
  const { from, to } = await resolveBounds(admin, topic, request);
  return {
    kafka,
    group,
    topic,
    from,
    to,
    selector: new LetterSelector(new LetterMatcher(filter, decoder, input.encoding), {
      isOwn: (letter) => isOwn(letter, config),
      takesCut: into === 'parking',
    }),
    treatment: await treatmentFor(request, { reading, decoder, parking, letters, destination }),
    limit,
    isDryRun,
    writerFor: (partition) =>
      new TransactionalWriter(kafka, redriveId(group, { topic, partition }), output.compression, log),
    batchBytesMax: (name) => limits.get(name) ?? LEDGER_BATCH_BYTES_MAX,
    admin,
    log,
    signal,
    onProgress,
  };
}

/** A dead letter has the time that an event does not have. */
export function patientLookups(log: Logger): LookupOptions {
  return {
    isPatient: true,
    onWaiting: (reason) => {
      if (reason !== null) log.warn({ reason }, 'waiting for the schema registry');
    },
  };
}

/** Pages are small; any topic takes this much. */
const LEDGER_BATCH_BYTES_MAX = 65_536;

async function parkingTopic(
  { admin, config, isDryRun }: RedriveRequest,
  name: string,
  letters: OutputTopic,
): Promise<OutputTopic> {
  if (isDryRun && (await admin.partitionCounts([name])).size === 0) return { ...letters, name };
  const configs = { 'max.message.bytes': String(letters.batchBytesMax) };
  await admin.createTopics([{ topic: name, partitions: letters.partitions, configs }]);
  return (await findTopics(admin, config.kafka, { parking: name })).parking;
}

interface Parts {
  readonly reading: EventReading;
  readonly decoder: EventDecoder;
  readonly parking: OutputTopic;
  readonly letters: OutputTopic;
  /** The anomaly topic, the input topic or the parking topic. */
  readonly destination: OutputTopic;
}

async function treatmentFor(request: RedriveRequest, parts: Parts): Promise<Treatment> {
  const { config, into, attemptsMax, clock, signal } = request;
  const intoParking = new IntoParking(parts.parking, clock);
  if (into === 'parking') return intoParking;
  // What is parked was tried often enough already: whoever redrives it knows, and what fails stays there.
  const isParked = parts.letters.name === parts.parking.name;
  if (into === 'source') {
    const intoSource = new IntoSource({ input: parts.destination, partitionOf: keyPartitioner() });
    return isParked ? intoSource : new ParkAfter(attemptsMax, intoParking, intoSource);
  }
  const judge = await prepareJudge(config, parts.reading);
  const publisher = new Publisher({
    verdict: verdictOf(judge),
    group: config.group,
    anomalies: parts.destination,
    // What fails again goes back to where it came from.
    deadLetters: parts.letters,
    ...(isParked ? {} : { parking: { topic: parts.parking, attemptsMin: attemptsMax } }),
    // Of a dry run nobody reads what is made, and nobody registers a schema for it.
    frame: request.isDryRun ? Buffer.alloc(0) : await anomalyFrame(config, signal),
    clock,
  });
  const intoPipeline = new IntoPipeline({
    scorer: new Scorer(parts.decoder, parts.reading.features, judge),
    publisher,
    placeOf: (letter) => placeOf(letter, config),
    attemptsMax: isParked ? Infinity : attemptsMax,
  });
  return isParked ? intoPipeline : new ParkAfter(attemptsMax, intoParking, intoPipeline);
}

/** Where the event of a letter stood, as far as that can be believed; else the letter's own place. */
function placeOf(letter: Letter, config: Config): EventPlace {
  const { source } = letter;
  if (source === null || letter.writtenBy !== 'outrider' || !isTrusted(letter.topic, config)) return letter;
  return { ...source, timestampMs: source.timestampMs ?? letter.timestampMs };
}

/** Fleets may share a dead-letter topic: the events of others have other schemas, models and topics. */
function isOwn(letter: Letter, config: Config): boolean {
  if (letter.writtenBy !== 'outrider' || !isTrusted(letter.topic, config)) return true;
  return letter.group === config.group && letter.source?.topic === config.input.topic;
}
