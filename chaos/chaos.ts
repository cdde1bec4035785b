import { join } from 'node:path';
import { pino } from 'pino';
import { seededRandom } from '../src/detect/random.js';
import { KafkaAdmin } from '../src/kafka/admin.js';
import { localKafka } from '../src/kafka/local-config.js';
import { cacheFolder } from '../src/local-broker/cache-folder.js';
import { findRuntime } from '../src/local-broker/runtime.js';
import { Cluster } from './cluster/cluster.js';
import { type Inflicted, storm } from './faults/storm.js';
import { FLEET_CLIENT_ID, NAMES, writeConfiguration } from './fleet/configuration.js';
import { CONTROL, CONTROL_VARIABLE, Fleet, OUTRIDER } from './fleet/fleet.js';
import { Wire } from './network/wire.js';
import type { ChaosOptions } from './options.js';
import { LiveReader, readAll } from './verdict/reading.js';
import { reckon } from './verdict/reckon.js';
import { Recovery } from './verdict/recovery.js';
import { type Report, countFaults, violations } from './verdict/report.js';
import { Watch } from './verdict/watch.js';
import { until } from './waiting.js';
import { EventSource } from './workload/events.js';
import { Ledger } from './workload/ledger.js';
import { Workload } from './workload/workload.js';

const PARTITIONS = 6;
const STARTED_LIMIT_MS = 60_000;
/** How long the fleet may take to finish what is there once the faults are over. */
const SETTLE_LIMIT_MS = 180_000;
const OUTPUTS = [NAMES.anomalies, NAMES.deadLetters];

/** One run: cluster, fleet and producers; the storm; calm; the reckoning. */
export async function chaos(
  options: ChaosOptions,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const jars = await kafkaJars(say);
  const wire = new Wire((clientId) => clientId === FLEET_CLIENT_ID);
  say('starting three brokers …');
  await using cluster = await Cluster.start(jars, wire);
  cluster.keepData = options.keep;
  await createTopics(cluster);
  const ledger = new Ledger();
  const recovery = new Recovery(ledger);
  const direct = cluster.internalAddresses.join(',');
  const proxied = cluster.addresses.join(',');
  await using watch = new Watch(jars, direct, NAMES.group, OUTPUTS, (...moved) => recovery.moved(...moved));
  await using live = new LiveReader(jars, proxied, OUTPUTS);
  const configFile = join(cluster.folder, 'outrider.yml');
  writeConfiguration(configFile, cluster.addresses);
  await using fleet = new Fleet({
    configFile,
    workers: options.workers,
    logFile: join(cluster.folder, 'fleet.log'),
    program: options.control === null ? OUTRIDER : CONTROL,
    environment: options.control === null ? {} : { [CONTROL_VARIABLE]: options.control },
  });
  fleet.start();
  const source = new EventSource(PARTITIONS, seededRandom(options.seed + 1));
  const workload = new Workload({
    jars,
    bootstrap: proxied,
    topic: NAMES.input,
    eventsPerSecond: options.rate,
    source,
    ledger,
  });
  await until('the fleet commits in every partition', STARTED_LIMIT_MS, () =>
    hasStarted(recovery.committedOffsets()),
  );
  await recovery.caughtUp();
  say(`the fleet is at work; faults for ${options.minutes} minutes …`);
  const began = performance.now();
  const inflicted = await storm({ cluster, fleet, wire, workload }, options.faults, {
    seed: options.seed,
    recovery,
    durationMs: options.minutes * 60_000,
    countMax: options.count,
    apart: options.apart,
    onFault: (fault) => say(faultText(fault)),
    signal,
  });
  const minutes = (performance.now() - began) / 60_000;
  say('the faults are over; waiting until everything is committed …');
  await workload.finish();
  await cluster.untilComplete();
  await untilSettled(cluster, recovery);
  recovery.end();
  await fleet.stop();
  const transactions = await watch.openTransactions();
  say('reading input and output …');
  const input = await readAll(jars, direct, [NAMES.input]);
  const output = await readAll(jars, direct, OUTPUTS);
  const reckoning = reckon(ledger, NAMES, { input, output, live: live.records });
  const behind = partitionsBehind(recovery.committedOffsets(), input);
  const costs = await Promise.all(inflicted.map(({ cost }) => cost));
  const faults = {
    partitionsBehind: behind.length,
    transactionsOpen: transactions.length,
    processFaults: fleet.faults.length,
    neverRecovered: inflicted.filter(({ what }, index) => what !== null && costs[index] === null).length,
  };
  const passed = violations({ reckoning, faults }).length === 0;
  if (!passed && options.control === null) cluster.keepData = true;
  if (cluster.keepData) say(`logs and data are kept in ${cluster.folder}`);
  return {
    seed: options.seed,
    control: options.control,
    minutes,
    reckoning,
    faults,
    longestStallSeconds: watch.longestStallMs / 1000,
    rebalances: fleet.said.get('joined the group') ?? 0,
    restarts: ['a worker died', 'a worker left', 'a worker stalled'].reduce(
      (sum, message) => sum + (fleet.said.get(message) ?? 0),
      0,
    ),
    stalls: fleet.said.get('a worker stalled') ?? 0,
    byKind: await countFaults(inflicted),
    examples: [
      ...reckoning.examples,
      ...behind,
      ...transactions.map((text) => `open: ${text}`),
      ...fleet.faults,
    ],
    passed,
  };
}

async function kafkaJars(say: (text: string) => void): Promise<string> {
  const runtime = await findRuntime(cacheFolder(process.env), say);
  if (runtime.kind !== 'java') throw new Error('the suite needs a JDK (17 or later) and Maven');
  return runtime.jars;
}

async function createTopics(cluster: Cluster): Promise<void> {
  await using admin = new KafkaAdmin(localKafka(cluster.internalAddresses), pino({ level: 'silent' }));
  await admin.createTopics([NAMES.input, ...OUTPUTS].map((topic) => ({ topic, partitions: PARTITIONS })));
}

function hasStarted(committed: ReadonlyMap<number, number>): boolean {
  return committed.size === PARTITIONS && [...committed.values()].every((offset) => offset > 0);
}

/** Everything in the input is committed, or the time for it is over: then the reckoning says what is not. */
async function untilSettled(cluster: Cluster, recovery: Recovery): Promise<void> {
  await using admin = new KafkaAdmin(localKafka(cluster.internalAddresses), pino({ level: 'silent' }));
  const ends = await admin.ends(NAMES.input);
  const deadline = performance.now() + SETTLE_LIMIT_MS;
  await until('everything is committed, or the time for it is over', SETTLE_LIMIT_MS + 1000, () => {
    const committed = recovery.committedOffsets();
    return (
      performance.now() > deadline ||
      [...ends].every(([partition, end]) => (committed.get(partition) ?? 0) >= end)
    );
  });
}

/** Partitions whose committed offset is not the end of the input. */
function partitionsBehind(
  committed: ReadonlyMap<number, number>,
  input: readonly { readonly partition: number; readonly offset: number }[],
): string[] {
  const ends = new Map<number, number>();
  for (const { partition, offset } of input)
    ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1));
  return [...ends].flatMap(([partition, end]) => {
    const at = committed.get(partition) ?? 0;
    return at === end ? [] : [`partition ${partition}: committed ${at}, its end is ${end}`];
  });
}

function faultText({ atMs, group, name, what }: Inflicted): string {
  const at = `${(atMs / 1000).toFixed(1).padStart(6)} s`;
  return `${at}  ${group.padEnd(7)}  ${name}: ${what ?? 'nothing to do it to'}`;
}
