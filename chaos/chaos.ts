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
  try {
    return await runIn(scene, options, say, signal);
  } catch (error) {
    // What could not be finished is what most needs to be looked into.
    if (!signal.aborted) keep(scene, say);
    throw error;
  }
}

async function runIn(
  scene: Scene,
  options: ChaosOptions,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  say(`the fleet is at work; faults for ${options.minutes} minutes …`);
  const began = performance.now();
  const inflicted = await inflict(scene, options, say, signal);
  const minutes = (performance.now() - began) / 60_000;
  say('the faults are over; waiting until everything is committed …');
  const report = await conclude(scene, { options, inflicted, minutes }, say, signal);
  if (options.keep || (!report.passed && options.control === null)) keep(scene, say);
  return report;
}

function keep({ stage: { cluster } }: Scene, say: (text: string) => void): void {
  cluster.keep();
  say(`logs and data are kept in ${cluster.folder}`);
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
