import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Environment } from '../config/environment.js';
import { rankingQuality } from '../detect/ranking.js';
import { UnreachableError } from '../errors.js';
import { untilCommitted } from '../fleet/end-offsets.js';
import { type FleetResult, Supervisor } from '../fleet/supervisor.js';
import type { LabelledMatrix } from '../files/labelled-matrix.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { keyPartitioner } from '../kafka/partitioner.js';
import { PlainTransport } from '../kafka/plain-transport.js';
import { readTopic } from '../kafka/topic-reader.js';
import { cacheFolder } from '../local-broker/cache-folder.js';
import { startGuardedBroker } from '../local-broker/guarded-broker.js';
import { startStandingBroker } from '../local-broker/standing-broker.js';
import type { OutgoingRecord } from '../model.js';
import { prepareScorer } from '../pipeline/setup.js';
import { type Anomaly, decodeAnomaly } from '../publish/anomaly-record.js';
import { Producer } from '../publish/producer.js';
import { type DemoEvent, demoEvents, loadShuttle } from './dataset.js';
import {
  DEMO_PARTITIONS,
  DEMO_SEED,
  type DemoConfig,
  trainDemoModel,
  writeDemoConfig,
} from './demo-setup.js';
import { type ProducedEvent, Reckoner, scoreOffline } from './reckoning.js';

export interface DemoOptions {
  readonly events: number | null;
  readonly workers: number | null;
  /** Events per second; null for as fast as it goes. */
  readonly rate: number | null;
  readonly keep: boolean;
  readonly environment: Environment;
  readonly log: Logger;
  readonly show: DemoShow;
  readonly signal: AbortSignal;
}

/** What the demo tells while it runs. */
export interface DemoShow {
  done(text: string, seconds: number): void;
  note(text: string): void;
  anomaly(anomaly: Anomaly): void;
  progress(produced: number, total: number, lag: number): void;
}

/** `demo --json`. Rates per second, ages in ms. */
export interface DemoSummary {
  readonly events: number;
  readonly anomalies: number;
  readonly deadLetters: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly auroc: number;
  readonly averagePrecision: number;
  readonly eventsPerSecond: number;
  readonly ageMs: { readonly p50: number; readonly p99: number };
  readonly workers: number;
  readonly seconds: number;
}

export interface DemoResult {
  readonly summary: DemoSummary;
  /** Verdicts on the topic that the offline scores do not have, or not with that score. */
  readonly wrong: number;
  readonly expectedDeadLetters: number;
}

const READY_TIMEOUT_MS = 60_000;
const PRODUCE_BATCH = 500;

/** Everything, end to end, on real data. @returns null when it was asked to stop */
export async function runDemo(options: DemoOptions): Promise<DemoResult | null> {
  const { show, signal } = options;
  const started = performance.now();
  const timed = stopwatch();
  const folder = mkdtempSync(join(tmpdir(), 'outrider-demo-'));
  await using cleanup = new AsyncCleanup();
  if (!options.keep) cleanup.add(() => rmSync(folder, { recursive: true, force: true }));

  const { brokers, isOwn } = await demoBroker(options, cleanup);
  show.done(isOwn ? `Kafka is up at ${brokers.join(', ')}` : `using Kafka at ${brokers.join(', ')}`, timed());
  const suffix = isOwn && !options.keep ? '' : `-${randomBytes(3).toString('hex')}`;
  const demo = writeDemoConfig(folder, brokers, {
    topic: `shuttle${suffix}`,
    group: `shuttle-watch${suffix}`,
  });
  const { config } = demo;
  const admin = new KafkaAdmin(config.kafka, options.log);
  cleanup.add(() => admin[Symbol.asyncDispose]());
  await createTopics(admin, config, options.keep || isOwn ? null : cleanup);
  show.done(
    `topics ${config.input.topic} (${DEMO_PARTITIONS} partitions), ${config.output.anomalies}, ${config.output.deadLetters}`,
    timed(),
  );

  const data = await loadShuttle();
  const model = await trainDemoModel(config, data, signal);
  show.done(
    `${model.detector} ${model.name}@${model.version} trained on ${model.training.data}; threshold ${model.threshold.toFixed(4)}`,
    timed(),
  );

  const workers = options.workers ?? DEMO_PARTITIONS;
  const fleet = startFleet(options, demo, workers, cleanup);
  await fleetReady(fleet, signal);
  show.done(`fleet of ${workers} worker processes is ready`, timed());

  const ages = watchAnomalies(config, options, cleanup);
  const events = demoEvents(data, Math.min(options.events ?? data.rows, data.rows), DEMO_SEED);
  const producing = performance.now();
  const produced = await produceEvents(events, config, admin, options, fleet);
  if (signal.aborted) return null;
  const ends = new Map(
    [...(await admin.range(config.input.topic))].map(([partition, { high }]) => [partition, high]),
  );
  const committed = untilCommitted(admin, config.group, config.input.topic, ends, signal);
  await Promise.race([committed, fleet.ended.then(() => committed)]).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (signal.aborted) return null;
  const seconds = (performance.now() - producing) / 1000;
  show.done(`${produced.length} events produced, scored and committed`, timed());

  const ageMs = await ages.finish();
  if (!options.keep) await fleet.stop();
  const result = await reckon(config, data, produced, options);
  return {
    ...result,
    summary: {
      ...result.summary,
      eventsPerSecond: Math.round(produced.length / seconds),
      ageMs,
      workers,
      seconds: round((performance.now() - started) / 1000, 1),
    },
  };
}

async function demoBroker(
  { environment, log, show, keep }: DemoOptions,
  cleanup: AsyncCleanup,
): Promise<{ brokers: readonly string[]; isOwn: boolean }> {
  const named = environment.KAFKA_BROKERS;
  if (named !== undefined && named !== '') return { brokers: named.split(','), isOwn: false };
  const cache = cacheFolder(environment);
  if (keep) {
    const { brokers } = await startStandingBroker({
      cache,
      dataDir: null,
      port: null,
      log,
      onNote: (text) => show.note(text),
    });
    return { brokers, isOwn: true };
  }
  const broker = await startGuardedBroker(cache, log, (text) => show.note(text));
  cleanup.add(() => broker[Symbol.asyncDispose]());
  return { brokers: broker.brokers, isOwn: true };
}

async function createTopics(admin: KafkaAdmin, config: Config, cleanup: AsyncCleanup | null): Promise<void> {
  const topics = [config.input.topic, config.output.anomalies, config.output.deadLetters];
  const created = await admin.createTopics(topics.map((topic) => ({ topic, partitions: DEMO_PARTITIONS })));
  cleanup?.add(() => admin.deleteTopics(created));
}

interface RunningFleet {
  readonly supervisor: Supervisor;
  /** Rejects when the fleet fails. */
  readonly ended: Promise<FleetResult>;
  stop(): Promise<FleetResult>;
}

function startFleet(
  { environment, log, signal }: DemoOptions,
  { config, file }: DemoConfig,
  workers: number,
  cleanup: AsyncCleanup,
): RunningFleet {
  const stopping = new AbortController();
  const supervisor = new Supervisor({
    config,
    workers,
    workerArguments: ['--config', file, '--log-level', 'warn'],
    environment,
    stopAtEnd: false,
    clock: Date.now,
    random: Math.random,
    log,
  });
  const ended = supervisor.run(AbortSignal.any([stopping.signal, signal]));
  ended.catch(() => undefined);
  const stop = (): Promise<FleetResult> => {
    stopping.abort();
    return ended;
  };
  cleanup.add(async () => {
    await stop().catch(() => undefined);
  });
  return { supervisor, ended, stop };
}

async function fleetReady({ supervisor, ended }: RunningFleet, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let isOver = false;
  void ended.finally(() => (isOver = true)).catch(() => undefined);
  while (supervisor.unreadyReason() !== null || !coversAll(supervisor)) {
    if (isOver) await ended;
    if (signal.aborted) return;
    if (performance.now() > deadline)
      throw new UnreachableError(`the fleet did not become ready: ${supervisor.unreadyReason() ?? ''}`);
    await delay(20);
  }
}

function coversAll(supervisor: Supervisor): boolean {
  return supervisor.status().workers.flatMap(({ partitions }) => partitions).length === DEMO_PARTITIONS;
}

interface AgeWatch {
  finish(): Promise<{ p50: number; p99: number }>;
}

/** Reads the anomalies as a subscriber does, and notes how long after its event each one arrives. */
function watchAnomalies(config: Config, { log, show, signal }: DemoOptions, cleanup: AsyncCleanup): AgeWatch {
  const done = new AbortController();
  const ages: number[] = [];
  const reading = (async () => {
    const from = new Map(Array.from({ length: DEMO_PARTITIONS }, (_, partition) => [partition, 0]));
    const topic = config.output.anomalies;
    const watching = {
      kafka: config.kafka,
      topic,
      groupPrefix: `${config.group}.tail`,
      from,
      to: null,
      log,
      signal: AbortSignal.any([done.signal, signal]),
    };
    for await (const { records } of readTopic(watching)) {
      const nowMs = Date.now();
      for (const { value } of records) {
        if (value === null) continue;
        const anomaly = decodeAnomaly(value);
        ages.push(nowMs - anomaly.eventTime);
        show.anomaly(anomaly);
      }
    }
  })();
  const finish = async (): Promise<{ p50: number; p99: number }> => {
    done.abort();
    await reading;
    const sorted = ages.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  };
  cleanup.add(async () => {
    await finish();
  });
  return { finish };
}

async function produceEvents(
  events: readonly DemoEvent[],
  config: Config,
  admin: KafkaAdmin,
  { rate, log, show, signal }: DemoOptions,
  fleet: RunningFleet,
): Promise<readonly ProducedEvent[]> {
  const { topic } = config.input;
  const batchBytesMax = await admin.maxMessageBytes(topic);
  await using transport = new PlainTransport(config.kafka, log);
  await transport.connect();
  const producer = new Producer({ transport, batchBytesMax: () => batchBytesMax });
  const partitionOf = keyPartitioner();
  const produced: ProducedEvent[] = [];
  const started = performance.now();
  const batchSize =
    rate === null ? PRODUCE_BATCH * 10 : Math.max(1, Math.min(PRODUCE_BATCH, Math.round(rate / 50)));
  for (let at = 0; at < events.length && !signal.aborted; at += batchSize) {
    const nowMs = Date.now();
    const part = events.slice(at, at + batchSize);
    const records: OutgoingRecord[] = part.map(({ key, value }) => ({
      topic,
      partition: partitionOf(key, DEMO_PARTITIONS),
      key,
      value: value(nowMs),
      headers: [],
      timestampMs: nowMs,
    }));
    const deliveries = await producer.sendAll(records);
    for (const [i, { partition, offset }] of deliveries.entries()) {
      produced.push({ row: part[i]?.row ?? null, value: records[i]?.value as Buffer, partition, offset });
    }
    show.progress(produced.length, events.length, fleet.supervisor.status().lag);
    const aheadMs = rate === null ? 0 : (produced.length * 1000) / rate - (performance.now() - started);
    if (aheadMs > 1) await delay(aheadMs, undefined, { signal }).catch(() => undefined);
  }
  return produced;
}

/** Reads both output topics from their beginning, committed records only, and holds them against the offline scores. */
async function reckon(
  config: Config,
  data: LabelledMatrix,
  produced: readonly ProducedEvent[],
  { log, signal }: DemoOptions,
): Promise<DemoResult> {
  const offline = await scoreOffline(config.input.topic, produced, prepareScorer(config));
  const reckoner = new Reckoner(offline.expected);
  await readAll(config, config.output.anomalies, log, signal, (value) => reckoner.add(value));
  let deadLetters = 0;
  await readAll(config, config.output.deadLetters, log, signal, () => deadLetters++);
  const { anomalies, missing, duplicates, wrong } = reckoner.finish();
  const labels = Uint8Array.from(offline.rows, (row) => data.labels[row] as number);
  const { auroc, averagePrecision } = rankingQuality(offline.scores, labels);
  return {
    wrong,
    expectedDeadLetters: offline.rejects,
    summary: {
      events: produced.length,
      anomalies,
      deadLetters,
      missing,
      duplicates,
      auroc: round(auroc, 4),
      averagePrecision: round(averagePrecision, 4),
      eventsPerSecond: 0,
      ageMs: { p50: 0, p99: 0 },
      workers: 0,
      seconds: 0,
    },
  };
}

async function readAll(
  config: Config,
  topic: string,
  log: Logger,
  signal: AbortSignal,
  take: (value: Buffer) => void,
): Promise<void> {
  await using admin = new KafkaAdmin(config.kafka, log);
  const ranges = await admin.range(topic);
  const from = new Map([...ranges].map(([partition, { low }]) => [partition, low]));
  const to = new Map([...ranges].map(([partition, { high }]) => [partition, high]));
  for await (const { records } of readTopic({
    kafka: config.kafka,
    topic,
    groupPrefix: `${config.group}.check`,
    from,
    to,
    log,
    signal,
  })) {
    for (const { value } of records) take(value ?? Buffer.alloc(0));
  }
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const seconds = (performance.now() - last) / 1000;
    last = performance.now();
    return seconds;
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** What was started is stopped in the opposite order. */
class AsyncCleanup implements AsyncDisposable {
  private readonly steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.steps.push(step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.steps.reverse()) await step();
  }
}
