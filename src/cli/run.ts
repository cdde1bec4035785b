import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { Supervisor } from '../fleet/supervisor.js';
import { startFleetServer } from '../http/fleet-server.js';
import { prepareOutputCodec } from '../pipeline/output-codec.js';
import { prepareScorer } from '../pipeline/setup.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, workerCount } from './options.js';
import { Printer, grouped } from './output.js';
import { warnTimeOuts } from './warn-time-outs.js';

interface RunOptions extends CommonOptions {
  readonly workers?: number | 'auto';
  readonly stopAtEnd?: boolean;
}

export function runCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('run')
      .description('run the fleet: a supervisor and its worker processes')
      .option(
        '--workers <n>',
        "how many processes, or 'auto': one per input partition, at most fleet.max",
        workerCount,
      )
      .option(
        '--stop-at-end',
        'stop once the group has committed everything that the topic held at the start',
      ),
    'outrider run --workers 4 --stop-at-end',
  ).action(async (options: RunOptions) => run(options, context));
}

async function run(options: RunOptions, context: CliContext): Promise<void> {
  const config = loadConfig(options.config, context.environment);
  const log = context.createLog(options.logLevel);
  // What no worker could start with is said before any is started.
  await prepareScorer(config);
  await prepareOutputCodec(config, log);
  warnTimeOuts(config, log);
  const workers = options.workers ?? config.fleet.workers;
  const supervisor = new Supervisor({
    config,
    workers: workers === 'auto' ? null : workers,
    workerArguments: ['worker', '--config', options.config, '--log-level', options.logLevel],
    environment: context.environment,
    stopAt: options.stopAtEnd === true ? 'end' : 'never',
    clock: Date.now,
    random: Math.random,
    log,
  });
  await using _server = config.http === null ? null : await startFleetServer(supervisor, config.http, log);
  const result = await supervisor.run(context.signal);
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(result);
  else {
    const { events, anomalies, deadLetters, restarts, seconds } = result;
    printer.line(
      `${grouped(events)} events, ${grouped(anomalies)} anomalies, ${grouped(deadLetters)} dead letters, ${restarts} restarts in ${seconds.toFixed(1)} s`,
    );
  }
}
