import { type Inflicted, storm } from './faults/storm.js';
import type { ChaosOptions } from './options.js';
import { type Scene, setUp } from './scene.js';
import { conclude } from './verdict/conclude.js';
import type { Report } from './verdict/report.js';

/** One run: cluster, fleet and producers; the storm; calm; the reckoning. @throws the signal's reason when it aborts */
export async function chaos(
  options: ChaosOptions,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  await using scene = await setUp(options, say, signal);
  say(`the fleet is at work; faults for ${options.minutes} minutes …`);
  const began = performance.now();
  const inflicted = await inflict(scene, options, say, signal);
  const minutes = (performance.now() - began) / 60_000;
  say('the faults are over; waiting until everything is committed …');
  const report = await conclude(scene, { options, inflicted, minutes }, say, signal);
  const { cluster } = scene.stage;
  if (!report.passed && options.control === null) cluster.keep();
  if (cluster.isKept) say(`logs and data are kept in ${cluster.folder}`);
  return report;
}

async function inflict(
  scene: Scene,
  options: ChaosOptions,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<readonly Inflicted[]> {
  const inflicted = await storm(scene.stage, options.faults, {
    seed: options.seed,
    recovery: scene.recovery,
    durationMs: options.minutes * 60_000,
    countMax: options.count,
    apart: options.apart,
    onFault: (fault) => say(faultText(fault)),
    signal,
  });
  signal.throwIfAborted();
  return inflicted;
}

function faultText({ atMs, group, name, what }: Inflicted): string {
  const at = `${(atMs / 1000).toFixed(1).padStart(6)} s`;
  return `${at}  ${group.padEnd(7)}  ${name}: ${what ?? 'nothing to do it to'}`;
}
