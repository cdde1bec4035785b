import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Environment } from '../config/environment.js';
import { AnswerNoError, OutriderError, UsageError } from '../errors.js';
import { Supervisor } from '../fleet/supervisor.js';
import { KafkaAdmin } from '../kafka/admin.js';
import type { Clock } from '../model.js';
import { prepareOutputCodec } from '../pipeline/output-codec.js';
import { prepareJudge, prepareReading } from '../pipeline/setup.js';
import { type KnownReplay, knownReplay } from './known-replays.js';
import { openReplay } from './open-replay.js';
import { modelText, replayConfig, verdictDigest } from './replay-config.js';
import { offsetsText } from './worker/replay-course.js';
import { replayGroup } from './replay-names.js';
import { NOTHING_DONE, type ReplayCounts } from './replay-note.js';
import { ProgressTracker, type ReplayProgress } from './replay-progress.js';
import type { ReplayRequest } from './request/replay-request.js';

export interface ReplayRun {
  readonly request: ReplayRequest;
  readonly workers: number;
  /** Of all workers together; null without a limit. */
  readonly eventsPerSecondMax: number | null;
  /** What follows `outrider replay worker` on a child's command line, beside the replay's own flags. */
  readonly workerArguments: readonly string[];
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told once, before anything is read. */
  readonly onStart: (replay: KnownReplay) => void;
  readonly onProgress: (progress: ReplayProgress) => void;
}

/** What became of a replay: counts are those of all its runs. */
export interface ReplayResult extends ReplayCounts {
  readonly id: string;
  readonly group: string;
  readonly output: string;
  readonly deadLetterTopic: string;
  /** Where verdicts are listed that a backfill would take back; null for others. */
  readonly takenBackTopic: string | null;
  /** Everything is done; else the same id goes on. */
  readonly complete: boolean;
  /** Offsets that are still to be done. */
  readonly left: number;
  readonly restarts: number;
  /** Of this run. */
  readonly seconds: number;
  readonly eventsPerSecond: number;
}

const PROGRESS_INTERVAL_MS = 250;
const LOOK_INTERVAL_MS = 1000;
const LOST_NAMED_MAX = 10;

/**
 * Runs a replay to its end, or as far as it gets until the signal aborts.
 * @throws AnswerNoError where offsets are gone, the id is in use or stands for another replay; OutriderError
 */
export async function runReplay(run: ReplayRun): Promise<ReplayResult> {
  const { request, log, signal, workers, eventsPerSecondMax } = run;
  const { config, id } = request;
  if (eventsPerSecondMax !== null && eventsPerSecondMax < workers)
    throw new UsageError(
      `--max-rate ${eventsPerSecondMax}: ${workers} workers need one event a second each at least`,
    );
  // What no worker could start with is said before anything is left behind.
  const reading = prepareReading(config);
  const judge = await prepareJudge(config, reading);
  await prepareOutputCodec(config, log);
  await using admin = new KafkaAdmin(config.kafka, log);
  const facts = { model: modelText(judge), digest: verdictDigest(config, reading, judge) };
  const replay = await openReplay(request, facts, { admin, log, signal, clock: run.clock });
  if (replay === null) return nothingToDo(request);
  run.onStart(replay);
  const started = performance.now();
  const restarts = replay.left === 0 ? 0 : await work(run, replay, admin);
  const seconds = (performance.now() - started) / 1000;
  const end = (await knownReplay(admin, config.group, config.input.topic, id)) ?? replay;
  return {
    id,
    group: end.group,
    output: end.spec.output,
    deadLetterTopic: end.spec.deadLetters,
    takenBackTopic: end.spec.takenBack,
    complete: end.left === 0,
    left: end.left,
    ...end.done,
    restarts,
    seconds,
    eventsPerSecond: Math.round((end.done.read - replay.done.read) / seconds),
  };
}

/** @returns how often a worker was started again */
async function work(run: ReplayRun, replay: KnownReplay, admin: KafkaAdmin): Promise<number> {
  const { request, workers, eventsPerSecondMax, workerArguments, environment, clock, log, signal } = run;
  const { config, id, clip } = request;
  const unfinished = replay.partitions.filter(({ next, to }) => next < to);
  const count = Math.min(workers, unfinished.length);
  const supervisor = new Supervisor({
    config: replayConfig(config, id, replay.spec),
    workers: count,
    workerArguments: [
      ...['replay', 'worker', '--id', id, ...workerArguments],
      ...(clip ? ['--clip'] : []),
      ...(eventsPerSecondMax === null ? [] : ['--max-rate', String(eventsPerSecondMax / count)]),
    ],
    environment,
    stopAt: new Map(unfinished.map(({ partition, to }) => [partition, to])),
    clock,
    random: Math.random,
    log,
  });
  const tracker = new ProgressTracker(replay);
  const progress = setInterval(
    () => run.onProgress(tracker.update(supervisor.status(), performance.now())),
    PROGRESS_INTERVAL_MS,
  );
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const gone = whenTopicGone(admin, config.input.topic, stop).then((isGone) => {
    if (isGone) over.abort();
    return isGone;
  });
  try {
    const { restarts } = await supervisor.run(stop);
    over.abort();
    if (!(await gone)) return restarts;
  } catch (error) {
    over.abort();
    // A worker may hear of it first; what is lost with the topic is said here.
    if (!(await gone) && (await isThere(admin, config.input.topic)) !== false) throw error;
  } finally {
    clearInterval(progress);
  }
  throw goneError(config.input.topic, tracker.update(supervisor.status(), performance.now()));
}

/** Resolves with true once the topic is found to be gone, with false when the signal aborts before. */
async function whenTopicGone(admin: KafkaAdmin, topic: string, signal: AbortSignal): Promise<boolean> {
  for (let timesGone = 0; timesGone < 2;) {
    try {
      await delay(LOOK_INTERVAL_MS, undefined, { signal });
    } catch {
      // Nobody asks any more.
      return false;
    }
    // A broker that has just started may not know it yet.
    timesGone = (await isThere(admin, topic)) === false ? timesGone + 1 : 0;
  }
  return true;
}

/** @returns null where nobody says */
async function isThere(admin: KafkaAdmin, topic: string): Promise<boolean | null> {
  try {
    return (await admin.partitionCounts([topic])).has(topic);
  } catch (error) {
    if (error instanceof OutriderError) return null;
    throw error;
  }
}

function goneError(topic: string, { partitions }: ReplayProgress): AnswerNoError {
  const lost = partitions
    .filter(({ next, to }) => next < to)
    .map(({ partition, next, to }) => `${offsetsText(next, to)} of partition ${partition}`);
  return new AnswerNoError(
    `topic ${topic} was deleted: ${lost.slice(0, LOST_NAMED_MAX).join(', ')}${lost.length > LOST_NAMED_MAX ? ` and of ${lost.length - LOST_NAMED_MAX} more partitions` : ''} are gone; what was replayed before stands`,
  );
}

function nothingToDo({ config, id, output, deadLetters, takenBack }: ReplayRequest): ReplayResult {
  return {
    id,
    group: replayGroup(config.group, id),
    output,
    deadLetterTopic: deadLetters,
    takenBackTopic: takenBack,
    complete: true,
    left: 0,
    ...NOTHING_DONE,
    restarts: 0,
    seconds: 0,
    eventsPerSecond: 0,
  };
}
