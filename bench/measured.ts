/** The process that a scenario measures: it reports its rate, its CPU time and its peak memory, and ends when told. */
import { pino } from 'pino';
import { loadConfig } from '../src/config/load.js';
import { untilCommitted } from '../src/fleet/end-offsets.js';
import { Worker } from '../src/fleet/worker.js';
import { KafkaAdmin } from '../src/kafka/admin.js';
import { localKafka } from '../src/kafka/local-config.js';
import { readTopic } from '../src/kafka/topic-reader.js';
import { prepareDecoder, prepareReading } from '../src/pipeline/setup.js';
import type { SourceBatch } from '../src/model.js';
import { redriveRate } from './redrive.js';
import { replayRate } from './replay/replay-rate.js';
import type { Sample, Task } from './scenarios.js';

const task = JSON.parse(process.argv[2] ?? '{}') as Task;
const log = pino({ level: 'silent' });

async function fetchAll(decode: boolean): Promise<number> {
  const config = loadConfig(task.configFile, {});
  const decoder = prepareDecoder(config, prepareReading(config));
  await using admin = new KafkaAdmin(localKafka(task.brokers), log);
  const { from, to } = await admin.extent(task.topic);
  const { signal } = new AbortController();
  let events = 0;
  let started = 0;
  let seconds = 0;
  for await (const batch of readTopic({
    kafka: config.kafka,
    topic: task.topic,
    groupPrefix: 'bench',
    from,
    to,
    log,
    signal,
  })) {
    if (started === 0) started = performance.now();
    else events += batch.records.length;
    if (decode) await decoder.decode(batch, signal);
    seconds = (performance.now() - started) / 1000;
  }
  return events / seconds;
}

/** The decoder alone, over some batches of the topic again and again: events a second, of the fastest of some rounds. */
async function decodeOnly(): Promise<number> {
  const config = loadConfig(task.configFile, {});
  const decoder = prepareDecoder(config, prepareReading(config));
  await using admin = new KafkaAdmin(localKafka(task.brokers), log);
  const { from, to } = await admin.extent(task.topic);
  const { signal } = new AbortController();
  const { kafka } = config;
  const batches: SourceBatch[] = [];
  for await (const batch of readTopic({
    kafka,
    topic: task.topic,
    groupPrefix: 'bench',
    from,
    to,
    log,
    signal,
  })) {
    batches.push(batch);
    if (batches.length === DECODED_BATCHES) break;
  }
  const events = batches.reduce((sum, { records }) => sum + records.length, 0);
  let fastestMs = Infinity;
  for (let round = 0; round < DECODE_ROUNDS; round++) {
    const started = performance.now();
    for (const batch of batches) await decoder.decode(batch, signal);
    fastestMs = Math.min(fastestMs, performance.now() - started);
  }
  return (events / fastestMs) * 1000;
}

const DECODED_BATCHES = 8;
const DECODE_ROUNDS = 200;

async function loop(): Promise<number> {
  const config = loadConfig(task.configFile, {});
  await using admin = new KafkaAdmin(config.kafka, log);
  const ends = await admin.ends(task.topic);
  const worker = await Worker.create({ config, clock: Date.now, log, predecessor: null });
  await worker.start();
  const started = performance.now();
  await Promise.race([
    untilCommitted(admin, config.group, task.topic, ends, new AbortController().signal),
    worker.failed,
  ]);
  const seconds = (performance.now() - started) / 1000;
  await worker.stop();
  return task.events / seconds;
}

/** From the start of the process to the first committed batch. */
async function start(): Promise<number> {
  const config = loadConfig(task.configFile, {});
  const worker = await Worker.create({ config, clock: Date.now, log, predecessor: null });
  await worker.start();
  while (worker.totals.events === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const seconds = performance.now() / 1000;
  await worker.stop();
  return seconds;
}

const runs = {
  redrive: () => redriveRate(task.configFile, task.events),
  replay: () => replayRate(task.configFile),
  'raw-fetch': () => fetchAll(false),
  'fetch-decode': () => fetchAll(true),
  decode: decodeOnly,
  loop,
  start,
};
const cpuBefore = process.cpuUsage();
const value = await runs[task.run as keyof typeof runs]();
const { user, system } = process.cpuUsage(cpuBefore);
const sample: Sample = {
  value,
  cpuSeconds: (user + system) / 1e6,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
};
process.once('message', () => process.exit(0));
process.send?.(sample);
