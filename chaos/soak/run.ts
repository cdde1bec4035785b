/** `npm run soak`: millions of events through a fleet that is restarted all the time; see docs/RELIABILITY.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { seededRandom } from '../../src/detect/random.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { startGuardedBroker } from '../../src/local-broker/guarded-broker.js';
import { findRuntime } from '../../src/local-broker/runtime.js';
import { JavaClient } from '../clients/java-client.js';
import { restartOneByOne } from '../faults/worker-faults.js';
import { NAMES, writeConfiguration } from '../fleet/configuration.js';
import { Fleet, OUTRIDER } from '../fleet/fleet.js';
import { readAll } from '../verdict/reading.js';
import { until } from '../waiting.js';
import { EventSource } from '../workload/events.js';
import { Expected } from './expected.js';
import { MemoryWatch } from './memory.js';

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string', default: '10000000' },
    rate: { type: 'string', default: '20000' },
    workers: { type: 'string', default: '4' },
    'restart-every': { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const [events, rate, workers] = [Number(flags.events), Number(flags.rate), Number(flags.workers)];
const restartEveryMs = Number(flags['restart-every']) * 1000;
const PARTITIONS = 8;
const OUTPUTS = [NAMES.anomalies, NAMES.deadLetters];
const UNDECODABLE = 0.001;
/** Values above this are anomalous here: few, as in life. */
const THRESHOLD = 0.98;
const IN_FLIGHT_MAX = 50_000;
const SETTLE_LIMIT_MS = 300_000;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const log = pino({ level: 'silent' });
const runtime = await findRuntime(cacheFolder(process.env), say);
if (runtime.kind !== 'java') throw new Error('the soak needs a JDK (17 or later) and Maven');
const { jars } = runtime;
const folder = mkdtempSync(join(tmpdir(), 'outrider-soak-'));
await using broker = await startGuardedBroker(cacheFolder(process.env), log, say);
const bootstrap = broker.brokers.join(',');
await using admin = new KafkaAdmin(localKafka(broker.brokers), log);
await admin.createTopics([NAMES.input, ...OUTPUTS].map((topic) => ({ topic, partitions: PARTITIONS })));
const configFile = join(folder, 'outrider.yml');
writeConfiguration(configFile, broker.brokers, { threshold: THRESHOLD, commit: {} });
await using fleet = new Fleet({
  configFile,
  workers,
  logFile: join(folder, 'fleet.log'),
  program: OUTRIDER,
  environment: {},
});
fleet.start();

const expected = new Expected(NAMES);
const source = new EventSource(PARTITIONS, seededRandom(1), THRESHOLD);
const writer = new JavaClient(jars, 'Writer', [bootstrap, NAMES.input], (words) => {
  if (words[0] === 'ack') expected.acknowledged(Number(words[1]), Number(words[2]), Number(words[3]));
});
const memory = new MemoryWatch();
const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
let rolls = 0;
let isOver = false;
const sampling = every(1000, () => {
  memory.sample('supervisor', fleet.supervisorPid, seconds());
  for (const pid of fleet.supervisedPids) memory.sample('worker', pid, seconds());
  return Promise.resolve();
});
const rolling = every(restartEveryMs, async () => {
  const count = await restartOneByOne(fleet);
  rolls++;
  say(
    `${Math.round(seconds())} s: rolling restart ${rolls} of ${count} workers; ${expected.acknowledgedCount} events written`,
  );
});
while (expected.sentCount < events) {
  const due = Math.min(events, seconds() * rate);
  while (expected.sentCount < due && expected.sentCount - expected.acknowledgedCount < IN_FLIGHT_MAX) {
    const event = source.event(UNDECODABLE);
    expected.sent(event);
    const key = Buffer.from(event.entity).toString('base64');
    writer.tell(`${event.id} ${event.partition} ${key} ${event.bytes.toString('base64')}`);
  }
  await delay(20);
}
writer.finish();
await writer.ended;
const ends = await admin.ends(NAMES.input);
await until(
  'everything is committed',
  SETTLE_LIMIT_MS,
  async () => {
    const committed = await admin.committed(NAMES.group, NAMES.input);
    return [...ends].every(([partition, end]) => (committed.get(partition)?.offset ?? 0) >= end);
  },
  500,
);
isOver = true;
await Promise.all([sampling, rolling]);
const took = seconds();
await fleet.stop();
const counts = expected.reckon(await readAll(jars, bootstrap, OUTPUTS));
const lines = memory.lines();
const slopes = lines.flatMap(({ name, megabytesPerMinute }) =>
  name === 'worker' && megabytesPerMinute !== null ? [megabytesPerMinute] : [],
);
const supervisor = lines.find(({ name }) => name === 'supervisor');
const workersSeen = lines.filter(({ name }) => name === 'worker');
const report = {
  events: expected.acknowledgedCount,
  unacknowledged: expected.sentCount - expected.acknowledgedCount,
  seconds: Math.round(took),
  rollingRestarts: rolls,
  workerProcesses: workersSeen.length,
  ...counts,
  supervisorMegabytes: round(supervisor?.peakMegabytes ?? NaN),
  supervisorMegabytesPerMinute: round(supervisor?.megabytesPerMinute ?? NaN),
  workerPeakMegabytes: round(Math.max(...workersSeen.map(({ peakMegabytes }) => peakMegabytes))),
  workerMegabytesPerMinuteMedian: round(slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? NaN),
  workerPeakDriftMegabytesPerMinute: round(memory.drift('worker') ?? NaN),
  processFaults: fleet.faults,
};
rmSync(folder, { recursive: true, force: true });
for (const [name, value] of Object.entries(report)) say(`  ${name.padEnd(34)} ${JSON.stringify(value)}`);
if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
const wrong = counts.missing + counts.duplicates + counts.unexpected + report.unacknowledged;
process.exitCode = wrong === 0 && fleet.faults.length === 0 ? 0 : 1;

/** Calls again and again, with this pause, until everything is over. */
async function every(pauseMs: number, call: () => Promise<void>): Promise<void> {
  let next = performance.now() + pauseMs;
  while (!isOver) {
    if (performance.now() < next) {
      await delay(100);
      continue;
    }
    next = performance.now() + pauseMs;
    await call();
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
