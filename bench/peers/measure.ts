import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { BenchTopic } from '../bench-topic.js';
import type { GroupWatch } from './group-watch.js';
import type { Command, Peer, Task } from './peer.js';
import { PeerProcess } from './peer-process.js';
import { eventsOf } from './written.js';

/** One run of one peer. */
export interface PeerSample {
  readonly eventsPerSecond: number;
  readonly events: number;
  readonly anomalies: number;
  /** Of the measured time alone. */
  readonly cpuSecondsPerMillion: number;
  /** Of the whole life of the process. */
  readonly peakMegabytes: number;
}

export interface Measuring {
  readonly bench: BenchTopic;
  readonly watch: GroupWatch;
  readonly core: number | null;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const ASSIGNMENT_POLL_MS = 5;
const OFFSETS_POLL_MS = 20;
const START_LIMIT_MS = 120_000;
/** Without any offset that moves. */
const STALL_LIMIT_MS = 120_000;

/** About one event in a hundred is an anomaly; the forests differ, and of few events there are few. */
const ANOMALIES_EXPECTED = 0.01;
const ANOMALIES_FACTOR_MAX = 4;

/**
 * From the moment in which the group has given the peer its partitions until the broker has its committed offsets at the
 * end of the topic. The start of the program, reading the training rows and growing the forest are not measured.
 * @throws when it ends, stands still, or has not done the work
 */
export async function measure(
  peer: Peer,
  command: (task: Task) => Command,
  { bench, watch, core, log, signal }: Measuring,
): Promise<PeerSample> {
  const { file, topic, group } = bench.configure('exactly-once', 'none');
  const output = `${topic}.anomalies`;
  const [ranges, outputFrom] = [await bench.admin.range(topic), await bench.admin.ends(output)];
  const ends = new Map([...ranges].map(([partition, { high }]) => [partition, high]));
  const starts = new Map(
    [...ranges].map(([partition, { low, high }]) => [
      partition,
      Math.max(low, high - Math.floor(peer.eventsMax / ranges.size)),
    ]),
  );
  const events = sum(ends) - sum(starts);
  if (peer.eventsMax < Infinity) await watch.startAt(group, topic, starts);
  await using running = new PeerProcess(
    command({
      ...{ brokers: bench.brokers, topic, output, group, configFile: file },
      ...{ trainingFile: bench.trainingFile, schemaFile: bench.schemaFile },
    }),
    core,
  );
  await untilAssigned(running, watch, group, signal);
  const started = performance.now();
  const before = running.usage;
  await untilCommitted(running, watch, group, topic, ends, signal);
  const seconds = (performance.now() - started) / 1000;
  const after = running.usage;
  const counts = await running.stop();
  if (counts.events !== events) throw new Error(`it scored ${counts.events} of ${events} events`);
  verifyAnomalies(counts.anomalies, events);
  if (peer.hasOutput) {
    const written = await eventsOf(
      peer,
      bench.brokers,
      output,
      outputFrom,
      await bench.admin.ends(output),
      log,
    );
    verifyWritten(written, counts.anomalies);
  }
  return {
    eventsPerSecond: events / seconds,
    events,
    anomalies: counts.anomalies,
    cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) / events) * 1e6,
    peakMegabytes: after.peakMegabytes,
  };
}

async function untilAssigned(
  running: PeerProcess,
  watch: GroupWatch,
  group: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await watch.isAssigned(group))) {
    running.failIfEnded();
    if (performance.now() > deadline) throw new Error(`it was not in its group within ${START_LIMIT_MS} ms`);
    await delay(ASSIGNMENT_POLL_MS, undefined, { signal });
  }
}

async function untilCommitted(
  running: PeerProcess,
  watch: GroupWatch,
  group: string,
  topic: string,
  ends: ReadonlyMap<number, number>,
  signal: AbortSignal,
): Promise<void> {
  let best = -1;
  let movedAt = performance.now();
  for (;;) {
    const committed = await watch.committed(group, topic);
    if ([...ends].every(([partition, end]) => (committed.get(partition) ?? 0) >= end)) return;
    running.failIfEnded();
    if (sum(committed) > best) {
      best = sum(committed);
      movedAt = performance.now();
    }
    if (performance.now() - movedAt > STALL_LIMIT_MS)
      throw new Error(`it has committed nothing for ${STALL_LIMIT_MS} ms, at ${best} of ${sum(ends)}`);
    await delay(OFFSETS_POLL_MS, undefined, { signal });
  }
}

/** @throws unless about as many are anomalies as were meant to be */
export function verifyAnomalies(anomalies: number, events: number): void {
  const expected = events * ANOMALIES_EXPECTED;
  if (anomalies < expected / ANOMALIES_FACTOR_MAX || anomalies > expected * ANOMALIES_FACTOR_MAX)
    throw new Error(
      `it found ${anomalies} anomalies in ${events} events, where about ${expected} were expected`,
    );
}

/** @param written events by name, as often as they are on the topic @throws unless each anomaly is there once */
export function verifyWritten(written: readonly string[], anomalies: number): void {
  const distinct = new Set(written).size;
  if (written.length !== anomalies || distinct !== anomalies)
    throw new Error(
      `${written.length} records of ${distinct} events are committed, where it found ${anomalies} anomalies`,
    );
}

function sum(offsets: ReadonlyMap<number, number>): number {
  return [...offsets.values()].reduce((total, offset) => total + offset, 0);
}
