import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import { type ReplayRequest, type WrittenRequest, replayRequest } from '../replay/request/replay-request.js';
import type { CliContext, CommonOptions } from './context.js';
import { wholeNumber } from './options.js';

/** The flags that say what is replayed. */
export interface ReplayOptions extends CommonOptions, WrittenRequest {
  readonly id?: string;
  readonly model?: string;
  readonly workers?: number;
  readonly maxRate?: number;
}

export const WORKERS_MAX = 1024;

export function replayOptions(command: Command): Command {
  return command
    .option('--id <id>', 'names the replay; the same id goes on where it ended [made up from the time]')
    .option(
      '--from <bound>',
      'events from here on: earliest, an offset, or when they were written: an ISO time, or ago (2h, 30m)',
    )
    .option('--to <bound>', 'events before here: latest, an offset, an ISO time, or ago [latest]')
    .option('--offsets <ranges>', 'instead of --from and --to: PARTITION:FROM-TO, …, as in 0:100-900,3:50-')
    .option('--partitions <list>', 'only these, as in 0,2-5')
    .option('--entity <entity>', 'only events of this entity')
    .option('--model <folder>', 'the model that judges [detector.model]')
    .option('--warm-up <much>', 'read so many events (1000) or so long (1h) before --from without output')
    .option('--output <topic>', 'where verdicts go [<anomalies>.replay.<id>]')
    .option(
      '--backfill',
      'write to the live anomaly topic, and only verdicts on events that have none there; verdicts that it would take back are listed on <anomalies>.replay.<id>',
    )
    .option('--retract', 'with --backfill: take those back, by records with `retracted`')
    .option('--clip', 'replay what is retained where the bounds reach beyond it')
    .option('--workers <n>', 'how many processes share the partitions', wholeNumber(1, WORKERS_MAX), 1)
    .option(
      '--max-rate <n>',
      'events a second at most, of all workers together; each has its share',
      wholeNumber(1),
    );
}

/** The live configuration, with the model that the replay is to use. @throws ConfigurationError */
export function replayedConfig(
  { config: file, model }: Pick<ReplayOptions, 'config' | 'model'>,
  { environment }: CliContext,
): Config {
  const overrides = model === undefined ? [] : [{ path: ['detector', 'model'], value: resolve(model) }];
  const config = loadConfig(file, environment, overrides);
  allowBatchBytes(config.input.maxBatchBytes);
  return config;
}

/** @throws UsageError, ConfigurationError */
export function requestOf(options: ReplayOptions, context: CliContext): ReplayRequest {
  const nowMs = Date.now();
  return replayRequest(replayedConfig(options, context), options.id ?? idFrom(nowMs), options, nowMs);
}

/** The arguments with which a worker reads the same configuration. */
export function workerArguments({ config, model, logLevel }: ReplayOptions): string[] {
  return [
    ...['--config', config, '--log-level', logLevel],
    ...(model === undefined ? [] : ['--model', resolve(model)]),
  ];
}

/** `20261122-051530-4f1a` */
function idFrom(nowMs: number): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().split('T');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`;
}
