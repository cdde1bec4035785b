import { readFileSync } from 'node:fs';
import { Outrider, type Finished } from './outrider.js';
import { type Output, Scenario } from './scenario.js';
import { until } from './until.js';

const LIMIT_MS = 60_000;

/** A configured fleet. */
export interface LiveRun {
  readonly file: string;
  readonly group: string;
  readonly anomalies: string;
  readonly deadLetters: string;
}

/** What `replay run --json` prints. */
export interface ReplayedResult {
  readonly id: string;
  readonly output: string;
  readonly deadLetterTopic: string;
  readonly takenBackTopic: string | null;
  readonly complete: boolean;
  readonly read: number;
  readonly scored: number;
  readonly anomalies: number;
  readonly deadLetters: number;
  readonly alreadyThere: number;
  readonly takenBack: number;
  readonly gone: number;
}

/** Scores everything that the topic holds as the live fleet, and ends. */
export async function runLive(run: LiveRun): Promise<void> {
  await using fleet = new Outrider(['run', '--config', run.file, '--stop-at-end', '--log-level', 'warn']);
  const { code, stderr } = await fleet.finished;
  if (code !== 0) throw new Error(stderr);
}

export function replay(run: { readonly file: string }, ...flags: readonly string[]): Outrider {
  return new Outrider(['replay', 'run', '--config', run.file, '--json', ...flags]);
}

export async function replayed(
  run: { readonly file: string },
  ...flags: readonly string[]
): Promise<ReplayedResult> {
  await using process = replay(run, ...flags);
  return resultOf(await process.finished);
}

export function resultOf({ code, stdout, stderr }: Finished): ReplayedResult {
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as ReplayedResult;
}

/** What stands on the topics of a replay. */
export async function outputOf(
  scenario: Scenario,
  { output, deadLetterTopic }: Pick<ReplayedResult, 'output' | 'deadLetterTopic'>,
): Promise<Output> {
  return scenario.read({ anomalies: output, deadLetters: deadLetterTopic });
}

/** The processes that a process has forked. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

export async function whenCommitted(scenario: Scenario, group: string): Promise<void> {
  await until(`group ${group} commits everything`, LIMIT_MS, () => scenario.isCommitted(group));
}
