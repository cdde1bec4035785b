import { outriderHere } from './in-process.js';
import type { Finished } from './outrider.js';
import { type ReplayedResult, resultOf } from './replay-scenario.js';
import type { Scenario } from './scenario.js';

/** `replay run` in this process; its workers are processes as ever. */
export function replayHere(run: { readonly file: string }, ...flags: readonly string[]): Promise<Finished> {
  return outriderHere(['replay', 'run', '--config', run.file, '--json', ...flags]);
}

export async function replayedHere(
  run: { readonly file: string },
  ...flags: readonly string[]
): Promise<ReplayedResult> {
  return resultOf(await replayHere(run, ...flags));
}

/** Offsets of the events that a replay has written an anomaly on, by partition, in the order of the topic. */
export async function verdictsOf(
  scenario: Scenario,
  { output, deadLetterTopic }: Pick<ReplayedResult, 'output' | 'deadLetterTopic'>,
): Promise<Readonly<Record<number, readonly number[]>>> {
  const offsets: Record<number, number[]> = {};
  const { anomalies } = await scenario.read({ anomalies: output, deadLetters: deadLetterTopic });
  for (const { partition, offset } of anomalies) (offsets[partition] ??= []).push(offset);
  return offsets;
}
