import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { loadConfig } from '../src/config/load.js';
import { COMPRESSIONS, type Compression } from '../src/kafka/compression/compression.js';
import { cleanReplay } from '../src/replay/clean-replay.js';
import { replayGroup } from '../src/replay/replay-names.js';
import type { BenchTopic } from './bench-topic.js';
import { replayIdOf } from './replay/replay-rate.js';

export interface Sample {
  readonly value: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

export interface Measurement {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly Sample[];
}

export interface Scenario {
  readonly name: string;
  readonly unit: string;
  readonly run:
    'raw-fetch-kafkajs' | 'raw-fetch' | 'fetch-decode' | 'decode' | 'loop' | 'replay' | 'start' | 'redrive';
  readonly delivery?: 'exactly-once' | 'at-least-once';
  /** Of the topic with dead letters in it. */
  readonly isPoisoned?: true;
  /** With a decoder whose guards are taken out. */
  readonly isUnguarded?: true;
  /** Only where it is asked for by name. */
  readonly isExtra?: true;
  /** Of the input topic; none where it is not said. */
  readonly compression?: Compression;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'raw-fetch-kafkajs', unit: 'events/s', run: 'raw-fetch-kafkajs' },
  { name: 'raw-fetch', unit: 'events/s', run: 'raw-fetch' },
  { name: 'fetch-decode', unit: 'events/s', run: 'fetch-decode' },
  { name: 'loop-at-least-once', unit: 'events/s', run: 'loop', delivery: 'at-least-once' },
  { name: 'loop-exactly-once', unit: 'events/s', run: 'loop', delivery: 'exactly-once' },
  ...COMPRESSIONS.slice(1).map((compression): Scenario => ({
    name: `loop-exactly-once-${compression}`,
    unit: 'events/s',
    run: 'loop',
    delivery: 'exactly-once',
    compression,
    isExtra: true,
  })),
  { name: 'replay-exactly-once', unit: 'events/s', run: 'replay', isExtra: true },
  { name: 'start-to-first-commit', unit: 's', run: 'start', delivery: 'exactly-once' },
  { name: 'loop-poisoned', unit: 'events/s', run: 'loop', isPoisoned: true, isExtra: true },
  { name: 'loop-unguarded', unit: 'events/s', run: 'loop', isUnguarded: true, isExtra: true },
  { name: 'redrive', unit: 'letters/s', run: 'redrive', isExtra: true },
  { name: 'decode', unit: 'events/s', run: 'decode', isExtra: true },
  { name: 'decode-unguarded', unit: 'events/s', run: 'decode', isUnguarded: true, isExtra: true },
];

/** Rates that are compared, run by run. */
export const RATIOS: readonly (readonly [name: string, beside: string])[] = [
  ['loop-exactly-once', 'loop-at-least-once'],
  ['loop-exactly-once', 'raw-fetch-kafkajs'],
  ['loop-exactly-once', 'raw-fetch'],
  ['replay-exactly-once', 'loop-exactly-once'],
  ['loop-poisoned', 'loop-exactly-once'],
  ['loop-exactly-once', 'loop-unguarded'],
  ['decode', 'decode-unguarded'],
  ...COMPRESSIONS.slice(1).map(
    (compression) => [`loop-exactly-once-${compression}`, 'loop-exactly-once'] as const,
  ),
];

/** What a measured process is told, on its command line. */
export interface Task {
  readonly run: Scenario['run'];
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly events: number;
  readonly configFile: string;
}

/**
 * Runs a scenario in a process of its own.
 * @param profile where a CPU profile of that process is written (`--cpu-prof`); null for none
 */
export async function measure(
  scenario: Scenario,
  bench: BenchTopic,
  profile: { readonly folder: string; readonly name: string } | null = null,
): Promise<Sample> {
  const { file, topic, group } = bench.configure(
    scenario.delivery ?? 'exactly-once',
    scenario.compression ?? 'none',
  );
  const task: Task = {
    run: scenario.run,
    brokers: bench.brokers,
    topic,
    events: bench.events,
    configFile: file,
  };
  const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const execArgv = scenario.isUnguarded === true ? ['--import', program('./unguarded.js')] : [];
  if (profile !== null)
    execArgv.push('--cpu-prof', '--cpu-prof-dir', profile.folder, '--cpu-prof-name', profile.name);
  const measured = scenario.run === 'raw-fetch-kafkajs' ? './stock-fetch.js' : './measured.js';
  const child = fork(program(measured), [JSON.stringify(task)], {
    execArgv: [...process.execArgv, ...execArgv],
  });
  const sample = await new Promise<Sample>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Sample));
    child.once('exit', (code) =>
      reject(new Error(`${scenario.name}: the measured process ended with code ${code}`)),
    );
  });
  child.removeAllListeners('exit');
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.send('done');
  });
  if (scenario.run === 'loop') await verifyCommitted(bench, topic, group);
  if (scenario.run === 'replay') {
    const id = replayIdOf(group);
    await verifyCommitted(bench, topic, replayGroup(group, id));
    const log = pino({ level: 'silent' });
    await cleanReplay(loadConfig(file, {}), id, bench.admin, log, new AbortController().signal);
  }
  return sample;
}

/** A rate counts only if everything was really committed. */
async function verifyCommitted({ admin, events }: BenchTopic, topic: string, group: string): Promise<void> {
  const committed = [...(await admin.committed(group, topic)).values()].reduce(
    (sum, offset) => sum + (offset?.offset ?? 0),
    0,
  );
  if (committed !== events) throw new Error(`${committed} of ${events} events are committed`);
}
