import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { seededRandom } from '../../src/detect/random.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { startGuardedBroker } from '../../src/local-broker/guarded-broker.js';
import { removeAtEnd } from '../children.js';
import { kafkaJars } from '../clients/jars.js';
import { createTopics, untilCommitted } from '../cluster/topics.js';
import { restartOneByOne } from '../faults/worker-faults.js';
import { NAMES, OUTPUTS, writeConfiguration } from '../fleet/configuration.js';
import { Fleet, OUTRIDER } from '../fleet/fleet.js';
import { readAll } from '../verdict/reading.js';
import { lasting } from '../waiting.js';
import { EventSource } from '../workload/events.js';
import { Workload } from '../workload/workload.js';
import { Expected } from './expected.js';
import { MemoryWatch } from './memory.js';
import type { SoakOptions } from './options.js';
import { type SoakReport, soakReport } from './report.js';

const PARTITIONS = 8;
const UNDECODABLE = 0.001;
/** Values above this are anomalous here: few, as in life. */
const THRESHOLD = 0.98;
const IN_FLIGHT_MAX = 50_000;
const SETTLE_LIMIT_MS = 300_000;
const SAMPLE_MS = 1000;
const EXAMPLES_MAX = 12;

/** Millions of events through a fleet that is restarted all the time. @throws the signal's reason when it aborts */
export async function soak(
  options: SoakOptions,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<SoakReport> {
  const jars = await kafkaJars(say);
  await using broker = await startGuardedBroker(cacheFolder(process.env), pino({ level: 'silent' }), say);
  await createTopics(broker.brokers, PARTITIONS);
  using folder = temporaryFolder();
  await using fleet = newFleet(folder.path, broker.brokers, options.workers);
  fleet.start();
  const expected = new Expected(NAMES);
  const bootstrap = broker.brokers.join(',');
  await using workload = new Workload({
    jars,
    bootstrap,
    topic: NAMES.input,
    eventsPerSecond: options.eventsPerSecond,
    eventsMax: options.events,
    undecodable: UNDECODABLE,
    inFlightMax: IN_FLIGHT_MAX,
    heldBack: 'sent later',
    source: new EventSource(PARTITIONS, seededRandom(1), THRESHOLD),
    ledger: expected,
  });
  const started = performance.now();
  const memory = new MemoryWatch();
  const rolls = await whileRestarting({ fleet, memory, expected, options, say, signal }, async () => {
    await Promise.race([workload.sent, lastingUntil(signal)]);
    signal.throwIfAborted();
    await workload.finish();
    await untilCommitted(broker.brokers, SETTLE_LIMIT_MS, signal);
  });
  const seconds = (performance.now() - started) / 1000;
  await fleet.stop();
  const examples: string[] = [];
  const note = (text: string): void => {
    if (examples.length < EXAMPLES_MAX) examples.push(text);
  };
  const output = await readAll(jars, bootstrap, OUTPUTS);
  const { found, faults } = expected.reckon(output, PARTITIONS, note);
  return soakReport({
    events: expected.acknowledgedCount,
    unacknowledged: expected.sentCount - expected.acknowledgedCount,
    expected: expected.expectedCount,
    found,
    faults,
    seconds,
    rolls,
    memory,
    processFaults: [...fleet.findings.faults, ...workload.faults],
    examples,
  });
}

interface Rolling {
  readonly fleet: Fleet;
  readonly memory: MemoryWatch;
  readonly expected: Expected;
  readonly options: SoakOptions;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Samples memory and restarts the workers one by one, again and again, while something is under way. @returns how often */
async function whileRestarting(
  { fleet, memory, expected, options, say, signal }: Rolling,
  underWay: () => Promise<void>,
): Promise<number> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  let rolls = 0;
  const sampling = every(SAMPLE_MS, until, async () => {
    memory.sample('supervisor', fleet.supervisorPid, seconds());
    for (const pid of fleet.supervisedPids) memory.sample('worker', pid, seconds());
  });
  const rolling = every(options.restartEveryMs, until, async () => {
    const count = await restartOneByOne(fleet, signal);
    rolls++;
    const at = Math.round(seconds());
    say(
      `${at} s: rolling restart ${rolls} of ${count} workers; ${expected.acknowledgedCount} events written`,
    );
  });
  const both = Promise.all([sampling, rolling]);
  try {
    // A restart that fails ends the soak, as the signal does.
    await Promise.race([underWay(), both.then(() => lastingUntil(signal))]);
  } finally {
    over.abort();
  }
  await both;
  signal.throwIfAborted();
  return rolls;
}

/** Calls again and again, with this pause, until the signal aborts. */
async function every(pauseMs: number, signal: AbortSignal, call: () => Promise<void>): Promise<void> {
  for (;;) {
    await lasting(pauseMs, signal);
    if (signal.aborted) return;
    await call();
  }
}

function lastingUntil(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function newFleet(folder: string, brokers: readonly string[], workers: number): Fleet {
  const configFile = join(folder, 'outrider.yml');
  writeConfiguration(configFile, brokers, { threshold: THRESHOLD, commit: {} });
  return new Fleet({
    configFile,
    workers,
    logFile: join(folder, 'fleet.log'),
    program: OUTRIDER,
    environment: {},
  });
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'outrider-soak-'));
  removeAtEnd(path);
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
      removeAtEnd(null);
    },
  };
}
