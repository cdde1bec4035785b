import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { untilCommitted } from '../fleet/end-offsets.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { cacheFolder } from '../local-broker/cache-folder.js';
import { startGuardedBroker } from '../local-broker/guarded-broker.js';
import { startStandingBroker } from '../local-broker/standing-broker.js';
import { watchAnomalies } from './age-watch.js';
import { AsyncCleanup } from './async-cleanup.js';
import { demoEvents, loadShuttle } from './dataset.js';
import { fleetReady, leaveFleet, startFleet } from './demo-fleet.js';
import type { DemoOptions, DemoResult } from './demo-options.js';
import { DEMO_PARTITIONS, DEMO_SEED, trainDemoModel, writeDemoConfig } from './demo-setup.js';
import { produceEvents } from './produce-events.js';
import { reckon, round } from './reckon.js';

/** Everything, end to end, on real data. @returns null when it was asked to stop */
export async function runDemo(options: DemoOptions): Promise<DemoResult | null> {
  const { show, signal } = options;
  const started = performance.now();
  const timed = stopwatch();
  const folder = mkdtempSync(join(tmpdir(), 'outrider-demo-'));
  await using cleanup = new AsyncCleanup();
  if (!options.keep) cleanup.add(() => rmSync(folder, { recursive: true, force: true }));

  show.doing('starting Kafka');
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
  show.doing(`starting ${workers} worker processes`);
  const fleet = startFleet(options, demo, workers, cleanup);
  await fleetReady(fleet, signal);
  show.done(`fleet of ${workers} worker processes is ready`, timed());

  const ages = watchAnomalies(config, options, cleanup);
  const events = demoEvents(data, Math.min(options.events ?? data.rows, data.rows), DEMO_SEED);
  const producing = performance.now();
  const produced = await produceEvents(events, config, admin, options);
  if (signal.aborted) return null;
  const ends = await admin.ends(config.input.topic);
  const committed = untilCommitted(admin, config.group, config.input.topic, ends, signal);
  await Promise.race([committed, fleet.ended.then(() => committed)]).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (signal.aborted) return null;
  const seconds = (performance.now() - producing) / 1000;
  show.done(`${produced.length} events produced, scored and committed`, timed());

  const ageMs = await ages.finish();
  await fleet.stop();
  show.doing('reading the output topics back and counting');
  const result = await reckon(config, data, produced, options);
  if (options.keep) {
    const pid = leaveFleet(demo.file, options.environment);
    const stopBroker = isOwn ? ' and `outrider broker stop --purge`' : '';
    show.note(`left running: the fleet (pid ${pid}, ${demo.file}); \`kill ${pid}\`${stopBroker} end it`);
  }
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

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const seconds = (performance.now() - last) / 1000;
    last = performance.now();
    return seconds;
  };
}
