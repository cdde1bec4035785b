import { setTimeout as delay } from 'node:timers/promises';
import type { GroupWatch } from '../peers/group-watch.js';
import type { CpuCount } from './cpu-count.js';
import type { OutriderCommand } from './outrider-command.js';

/** What is seen of a fleet from outside while it works off a range. */
export interface RateSample {
  readonly eventsPerSecond: number;
  /** From the start of the command to the end of the range. */
  readonly wholeSeconds: number;
  /** CPU seconds a million events, of the command and its workers, and of the broker. */
  readonly fleetCpu: number;
  readonly brokerCpu: number;
  /** CPU seconds a second, of both: 2 is all there is on two cores. */
  readonly coresUsed: number;
}

export interface RateQuestion {
  readonly running: OutriderCommand;
  readonly workers: number;
  readonly group: string;
  readonly topic: string;
  readonly ends: ReadonlyMap<number, number>;
  readonly watch: GroupWatch;
  readonly broker: CpuCount | null;
  readonly signal: AbortSignal;
}

const JOIN_POLL_MS = 5;
const OFFSETS_POLL_MS = 20;
const LIMIT_MS = 300_000;

/**
 * From the moment in which the group has settled with so many members until the broker has their committed offsets at
 * the end: of what is left at that moment.
 * @throws when it fails, or takes longer than five minutes
 */
export async function outsideRate(question: RateQuestion): Promise<RateSample> {
  const { running, workers, group, topic, ends, watch, broker, signal } = question;
  const deadlineMs = performance.now() + LIMIT_MS;
  const pause = async (pollMs: number): Promise<void> => {
    running.failIfFailed();
    if (performance.now() > deadlineMs) throw new Error(`group ${group} is not done after ${LIMIT_MS} ms`);
    await delay(pollMs, undefined, { signal });
  };
  while ((await watch.settledMembers(group)) < workers) await pause(JOIN_POLL_MS);
  const first = leftOf(await watch.committed(group, topic), ends);
  const startedMs = performance.now();
  const before = [running.cpu.look(), broker?.look() ?? 0] as const;
  let fleetCpu: number;
  for (;;) {
    const committed = await watch.committed(group, topic);
    fleetCpu = running.cpu.look() - before[0];
    if (leftOf(committed, ends) === 0) break;
    await pause(OFFSETS_POLL_MS);
  }
  const endedMs = performance.now();
  const brokerCpu = (broker?.look() ?? NaN) - before[1];
  const seconds = (endedMs - startedMs) / 1000;
  return {
    eventsPerSecond: first / seconds,
    wholeSeconds: (endedMs - running.startedMs) / 1000,
    fleetCpu: (fleetCpu / first) * 1e6,
    brokerCpu: (brokerCpu / first) * 1e6,
    coresUsed: (fleetCpu + brokerCpu) / seconds,
  };
}

function leftOf(committed: ReadonlyMap<number, number>, ends: ReadonlyMap<number, number>): number {
  return [...ends].reduce(
    (sum, [partition, end]) => sum + Math.max(0, end - (committed.get(partition) ?? 0)),
    0,
  );
}
