import { replayGroup } from '../../src/replay/replay-names.js';
import { type BenchTopic, prepareBench } from '../bench-topic.js';
import { SCENARIOS, measure } from '../scenarios.js';
import type { BenchContext, PartResult } from './bench-context.js';
import { OutriderCommand } from './outrider-command.js';
import { type RateSample, outsideRate } from './outside-rate.js';
import { removeReplay, startReplay } from './replay-command.js';
import { Rows } from './rows.js';

const WORKERS = [1, 2] as const;

/** How fast the whole of a topic is replayed, held against a live fleet that reads it for the first time. */
export async function ratePart(events: number, runs: number, context: BenchContext): Promise<PartResult> {
  const { brokers, log, say } = context;
  say(`rate: writing ${events} events …`);
  await using bench = await prepareBench(brokers, events, new Set(), log);
  const rows = new Rows();
  for (let run = 1; run <= runs; run++) {
    const rates = new Map<string, number>();
    const note = (name: string, rate: number): void => {
      rates.set(name, rate);
      rows.add(name, 'events/s', rate);
      say(`  run ${run}: ${name} ${Math.round(rate)} events/s`);
    };
    // In turn within each run, so that a machine that changes its speed changes all of them.
    for (const name of ['loop-exactly-once', 'replay-exactly-once']) {
      const scenario = SCENARIOS.find((known) => known.name === name);
      if (scenario !== undefined) note(name, (await measure(scenario, bench)).value);
    }
    for (const workers of WORKERS)
      for (const [kind, rateOf] of [
        ['run', liveRate],
        ['replay run', replayRate],
      ] as const) {
        const name = `${kind} --workers ${workers}`;
        const sample = await rateOf(bench, workers, context);
        note(name, sample.eventsPerSecond);
        rows.add(`${name}: from its start to its end`, 's', sample.wholeSeconds);
        rows.add(`${name}: CPU of the workers`, 's a million', sample.fleetCpu);
        rows.add(`${name}: CPU of the broker`, 's a million', sample.brokerCpu);
        rows.add(`${name}: both, of all cores`, 'cores', sample.coresUsed);
      }
    const ratio = (one: string, other: string): void =>
      rows.add(`${one} / ${other}`, '×', (rates.get(one) ?? NaN) / (rates.get(other) ?? NaN));
    ratio('replay-exactly-once', 'loop-exactly-once');
    for (const workers of WORKERS) ratio(`replay run --workers ${workers}`, `run --workers ${workers}`);
    ratio('replay run --workers 2', 'replay run --workers 1');
    ratio('run --workers 2', 'run --workers 1');
  }
  return { title: `Rate, ${events} events`, rows: rows.all() };
}

async function liveRate(bench: BenchTopic, workers: number, context: BenchContext): Promise<RateSample> {
  const { file, topic, group } = bench.configure('exactly-once', 'none');
  const ends = await bench.admin.ends(topic);
  await using running = new OutriderCommand([
    ...['run', '--config', file, '--workers', String(workers), '--json', '--log-level', 'error'],
  ]);
  const sample = await outsideRate({ ...context, running, workers, group, topic, ends });
  await running.stop();
  return sample;
}

async function replayRate(bench: BenchTopic, workers: number, context: BenchContext): Promise<RateSample> {
  const { file, topic, group } = bench.configure('exactly-once', 'none');
  const ends = await bench.admin.ends(topic);
  const id = `rate-${workers}`;
  await using running = startReplay(file, id, ['--from', 'earliest', '--workers', String(workers)]);
  const sample = await outsideRate({
    ...{ ...context, running, workers, topic, ends },
    group: replayGroup(group, id),
  });
  await running.stop();
  await removeReplay(file, id, context);
  return sample;
}
