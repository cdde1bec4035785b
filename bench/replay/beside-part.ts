import { setTimeout as delay } from 'node:timers/promises';
import { replayGroup } from '../../src/replay/replay-names.js';
import type { BenchTopic } from '../bench-topic.js';
import { AgeRecord, quantile } from './age-record.js';
import type { BenchContext, PartResult } from './bench-context.js';
import { OutriderCommand } from './outrider-command.js';
import { outsideRate } from './outside-rate.js';
import { Producing } from './producing.js';
import { removeReplay, startReplay } from './replay-command.js';
import { Rows } from './rows.js';

/** Of what the fleet can do alone: what it is given to do, and what the replay may do beside it. */
const LIVE_SHARE = 1 / 2;
const REPLAY_SHARE = 1 / 4;
const CAPACITY_EVENTS_MAX = 1_000_000;
const WARM_UP_MS = 5000;
const SETTLE_MS = 2000;
const POLL_MS = 50;
const ARRIVAL_LIMIT_MS = 60_000;

interface Live {
  readonly file: string;
  readonly topic: string;
  readonly group: string;
  readonly ages: AgeRecord;
  readonly ms: number;
  readonly rows: Rows;
}

/** How old events are when their anomalies arrive at a subscriber, with a replay beside the fleet and without. */
export async function besidePart(
  bench: BenchTopic,
  runs: number,
  seconds: number,
  context: BenchContext,
): Promise<PartResult> {
  const { say, watch, brokers } = context;
  const rows = new Rows();
  for (let run = 1; run <= runs; run++) {
    const capacity = await capacityOf(bench, context);
    rows.add('what the fleet can do alone', 'events/s', capacity);
    const eventsPerSecond = Math.round(capacity * LIVE_SHARE);
    const maxRate = Math.round(capacity * REPLAY_SHARE);
    say(`  run ${run}: live ${eventsPerSecond} events/s, --max-rate ${maxRate}`);
    const { file, topic, group } = bench.configure('exactly-once', 'none');
    await watch.startAt(group, topic, await bench.admin.ends(topic));
    await using fleet = fleetOf(file);
    await using ages = new AgeRecord(
      `${topic}.anomalies`,
      await bench.admin.ends(`${topic}.anomalies`),
      context,
    );
    await using _producing = await Producing.start({ brokers, topic, eventsPerSecond });
    await delay(WARM_UP_MS);
    fleet.failIfFailed();
    const live: Live = { file, topic, group, ages, ms: seconds * 1000, rows };
    const alone = await watchAges('alone', live, null, context);
    const paced = await watchAges('beside --max-rate', live, ['--max-rate', String(maxRate)], context);
    const free = await watchAges('beside a replay without', live, [], context);
    rows.add('p99 beside --max-rate / alone', '×', paced / alone);
    rows.add('p99 beside a replay without / alone', '×', free / alone);
    await fleet.stop();
  }
  return { title: `A live fleet beside a replay, ${seconds} s each`, rows: rows.all() };
}

function fleetOf(file: string): OutriderCommand {
  return new OutriderCommand(['run', '--config', file, '--workers', '1', '--json', '--log-level', 'error']);
}

/** The rate at which the fleet works off what stands at the end of the topic. */
async function capacityOf(bench: BenchTopic, context: BenchContext): Promise<number> {
  const { watch } = context;
  const { file, topic, group } = bench.configure('exactly-once', 'none');
  const ends = await bench.admin.ends(topic);
  const each = Math.floor(Math.min(bench.events, CAPACITY_EVENTS_MAX) / ends.size);
  await watch.startAt(group, topic, new Map([...ends].map(([partition, end]) => [partition, end - each])));
  await using running = fleetOf(file);
  const { eventsPerSecond } = await outsideRate({ ...context, running, workers: 1, group, topic, ends });
  await running.stop();
  return eventsPerSecond;
}

/**
 * @param flags of the replay that runs meanwhile, its start included; null for none
 * @returns the 99th percentile, ms
 * @throws where the topic is too short for it
 */
async function watchAges(
  name: string,
  { file, topic, group, ages, ms, rows }: Live,
  flags: readonly string[] | null,
  context: BenchContext,
): Promise<number> {
  const { say, watch, signal } = context;
  const id = `beside-${Date.now()}`;
  const fromMs = Date.now();
  const replay = flags === null ? null : startReplay(file, id, ['--from', 'earliest', ...flags]);
  try {
    await delay(ms, undefined, { signal });
    if (replay?.isOver === true) {
      replay.failIfFailed();
      throw new Error(`the replay ended within ${ms} ms: the topic is too short (--long-events)`);
    }
  } finally {
    await replay?.stop();
  }
  const toMs = fromMs + ms;
  if (replay !== null) {
    const committed = await watch.committed(replayGroup(group, id), topic);
    const replayed = [...committed.values()].reduce((sum, offset) => sum + offset, 0);
    rows.add(`${name}: replayed, its start included`, 'events/s', replayed / (ms / 1000));
    await removeReplay(file, id, context);
  }
  const deadlineMs = Date.now() + ARRIVAL_LIMIT_MS;
  while (!ages.hasSince(toMs)) {
    if (Date.now() > deadlineMs) throw new Error('the fleet does not keep up with half of what it did alone');
    await delay(POLL_MS, undefined, { signal });
  }
  await delay(SETTLE_MS, undefined, { signal });
  const sorted = ages.of(fromMs, toMs);
  for (const [quantileName, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const)
    rows.add(`${name}: ${quantileName}`, 'ms', quantile(sorted, share));
  rows.add(`${name}: anomalies`, '', sorted.length);
  say(`    ${name}: p99 ${quantile(sorted, 0.99)} ms of ${sorted.length}`);
  return quantile(sorted, 0.99);
}
