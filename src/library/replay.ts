import { resolve } from 'node:path';
import { pino } from 'pino';
import { CONFIG_FILE_DEFAULT, loadConfig } from '../config/load.js';
import { UsageError } from '../errors.js';
import { nearest } from '../nearest.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import type { KnownReplay } from '../replay/known-replays.js';
import type { ReplayProgress } from '../replay/replay-progress.js';
import { type WrittenRequest, replayRequest } from '../replay/request/replay-request.js';
import { type ReplayResult, runReplay } from '../replay/run-replay.js';

/** What to replay: the flags of `outrider replay run`, as text where they are text there. */
export interface ReplayOptions extends WrittenRequest {
  /** The live configuration file. Default `outrider.yml`. */
  readonly config?: string | undefined;
  /** Names the replay; the same id goes on where it ended. */
  readonly id: string;
  /** The model folder that judges; absent: the configuration's. */
  readonly model?: string | undefined;
  /** Processes that share the partitions. Default 1. */
  readonly workers?: number | undefined;
  /** Events a second at most, of all workers together. */
  readonly maxRate?: number | undefined;
  /** Stops it; what is in hand is committed, and the same id goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A replay that runs. Iterating gives its progress, the latest there is, until it ends; who stops iterating does not stop
 * the replay. A failure is thrown by the iteration, and rejects the result.
 */
export interface Replay extends AsyncIterable<ReplayProgress> {
  readonly id: string;
  readonly result: Promise<ReplayResult>;
}

/**
 * Scores a range of the input topic again, in processes of its own, apart from the live group; docs/REPLAY.md.
 *
 *     const run = replay({ config: 'outrider.yml', id: 'new-model', from: '24h', model: 'models/new' });
 *     for await (const { done, left } of run) console.log(done, left);
 *     const { anomalies } = await run.result;
 *
 * @throws UsageError, ConfigurationError at once; the result rejects with OutriderError
 */
export function replay(options: ReplayOptions): Replay {
  checkOptions(options);
  const { config: file = CONFIG_FILE_DEFAULT, id, model, workers = 1, maxRate, signal, ...written } = options;
  const overrides = model === undefined ? [] : [{ path: ['detector', 'model'], value: resolve(model) }];
  const config = loadConfig(file, process.env, overrides);
  allowBatchBytes(config.input.maxBatchBytes);
  const request = replayRequest(config, id, written, Date.now());
  const latest = new Latest<ReplayProgress>();
  const result = runReplay({
    request,
    workers,
    eventsPerSecondMax: maxRate ?? null,
    workerArguments: [
      ...['--config', file, '--log-level', 'error'],
      ...(model === undefined ? [] : ['--model', resolve(model)]),
    ],
    environment: process.env,
    clock: Date.now,
    log: pino({ level: 'silent' }),
    signal: signal ?? new AbortController().signal,
    onStart: (_replay: KnownReplay) => undefined,
    onProgress: (progress) => latest.set(progress),
  });
  result.then(
    () => latest.end(null),
    (error: unknown) => latest.end(error),
  );
  return { id, result, [Symbol.asyncIterator]: () => latest.values() };
}

const KINDS: Readonly<Record<keyof ReplayOptions, string>> = {
  config: 'string',
  id: 'string',
  from: 'string',
  to: 'string',
  offsets: 'string',
  partitions: 'string',
  entity: 'string',
  warmUp: 'string',
  model: 'string',
  output: 'string',
  backfill: 'boolean',
  retract: 'boolean',
  clip: 'boolean',
  workers: 'number',
  maxRate: 'number',
  signal: 'object',
};

/** A program in plain JavaScript hears of a slip of the pen. @throws UsageError */
function checkOptions(options: ReplayOptions): void {
  for (const [key, value] of Object.entries(options)) {
    const kind = Object.hasOwn(KINDS, key) ? KINDS[key as keyof ReplayOptions] : undefined;
    if (kind === undefined) {
      const near = nearest(key, Object.keys(KINDS));
      throw new UsageError(
        `replay(): there is no option '${key}'${near === null ? '' : `; the nearest is '${near}'`}`,
      );
    }
    if (value !== undefined && typeof value !== kind)
      throw new UsageError(`replay(): ${key} is a ${kind}, and not ${typeof value}`);
  }
  for (const key of ['workers', 'maxRate'] as const) {
    const value = options[key];
    if (value !== undefined && (!Number.isInteger(value) || value < 1))
      throw new UsageError(`replay(): ${key} is a whole number of at least 1, and not ${value}`);
  }
  if ((options.id as string | undefined) === undefined) throw new UsageError('replay(): id is missing');
}

/** Keeps the latest value for whoever comes for it. */
class Latest<T> {
  private value: { readonly of: T } | null = null;
  private version = 0;
  private ended: { readonly error: unknown } | null = null;
  private waiters: (() => void)[] = [];

  set(value: T): void {
    this.value = { of: value };
    this.version++;
    this.wake();
  }

  end(error: unknown): void {
    this.ended = { error };
    this.wake();
  }

  async *values(): AsyncGenerator<T, void, undefined> {
    for (let seen = 0; ;) {
      if (this.value !== null && this.version > seen) {
        seen = this.version;
        yield this.value.of;
      } else if (this.ended !== null) {
        if (this.ended.error !== null) throw this.ended.error as Error;
        return;
      } else await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
