import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { AnswerNoError, MissingRemoteError, StalledError, exitCodeFor, messageOf } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import type { Clock } from '../model.js';
import { endOffsets, untilCommitted } from './end-offsets.js';
import { REPORT_INTERVAL_MS, type WorkerMessage } from './messages.js';
import type { FleetResult } from './supervisor.js';
import { Worker, type WorkerOptions } from './worker.js';

/** The way to a supervisor. */
export interface SupervisorChannel {
  send(message: WorkerMessage): void;
  /** Aborts when the supervisor is gone. */
  readonly gone: AbortSignal;
  /** See WorkerOptions. */
  readonly predecessor: WorkerOptions['predecessor'];
}

export interface RunWorkerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stopAtEnd: boolean;
  /** Null for a worker on its own. */
  readonly supervisor: SupervisorChannel | null;
  /** Told of the worker once it exists, to show it over HTTP. */
  readonly onWorker?: (worker: Worker) => Promise<AsyncDisposable | null>;
  readonly signal: AbortSignal;
  /** See WorkerOptions. */
  readonly mission?: WorkerOptions['mission'];
  /** See WorkerOptions. */
  readonly through?: WorkerOptions['through'];
}

/** Runs one worker until it is told to stop. @throws OutriderError when it cannot go on */
export async function runWorker(options: RunWorkerOptions): Promise<FleetResult> {
  const { supervisor } = options;
  try {
    return await runUntilStopped(options);
  } catch (error) {
    supervisor?.send({
      kind: 'failure',
      message: messageOf(error),
      exitCode: exitCodeFor(error),
      permanent: error instanceof AnswerNoError || (error instanceof MissingRemoteError && !error.mayPass),
      stall: error instanceof StalledError ? error.reason : null,
    });
    throw error;
  }
}

async function runUntilStopped({
  config,
  clock,
  log,
  stopAtEnd,
  supervisor,
  onWorker,
  signal,
  mission,
  through,
}: RunWorkerOptions): Promise<FleetResult> {
  const started = performance.now();
  const stop = AbortSignal.any([signal, ...(supervisor === null ? [] : [supervisor.gone])]);
  const predecessor = supervisor?.predecessor ?? null;
  const worker = await Worker.create({
    config,
    clock,
    log,
    predecessor,
    mission,
    ...(through === undefined ? {} : { through }),
  });
  const shown = (await onWorker?.(worker)) ?? null;
  const reporter =
    supervisor === null
      ? null
      : setInterval(() => void worker.report().then((report) => supervisor.send(report)), REPORT_INTERVAL_MS);
  const stopped = stop.aborted ? Promise.resolve() : once(stop, 'abort').then(() => undefined);
  const over = new AbortController();
  const ended = stopAtEnd ? untilEnd(config, worker, log, over.signal) : new Promise<never>(() => undefined);
  ended.catch(() => undefined);
  let failure: unknown = null;
  try {
    await Promise.race([worker.start(), stopped, worker.failed]);
    await Promise.race([stopped, worker.failed, ended]);
    log.info('stopping: committing what is in hand');
  } catch (error) {
    failure = error;
    log.warn({ reason: messageOf(error) }, 'cannot go on: committing what is in hand');
    throw error;
  } finally {
    over.abort();
    await stopWithin(worker, config.fleet.shutdownTimeoutMs, log).catch((error: unknown) => {
      // Why it ends is the first error; that it cannot leave in order either is no news.
      if (failure === null) throw error;
      log.debug({ err: error }, 'stopping failed; leaving without it');
    });
    // Until here: a worker that takes its time to drain is no silent one.
    if (reporter !== null) clearInterval(reporter);
    supervisor?.send(await worker.report());
    await shown?.[Symbol.asyncDispose]();
  }
  return { ...worker.totals, restarts: 0, seconds: (performance.now() - started) / 1000 };
}

/** What cannot be stopped in time is left to the end of the process: whatever it has not committed is read again. */
async function stopWithin(worker: Worker, timeoutMs: number, log: Logger): Promise<void> {
  const stopped = new AbortController();
  const late = delay(timeoutMs, 'late', { signal: stopped.signal }).catch(() => 'stopped');
  const outcome = await Promise.race([worker.stop(), late]);
  stopped.abort();
  if (outcome === 'late')
    log.warn({ shutdownTimeoutMs: timeoutMs }, 'stopping took too long; leaving without it');
}

/** Resolves once the whole group has committed what the topic held at the start. */
async function untilEnd(config: Config, worker: Worker, log: Logger, signal: AbortSignal): Promise<void> {
  await using admin = new KafkaAdmin(config.kafka, log);
  const ends = await endOffsets(admin, config.input.topic);
  await untilCommitted(admin, config.group, config.input.topic, ends, signal, () => worker.partitions);
}
