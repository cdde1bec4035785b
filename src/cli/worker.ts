import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { fleetStatus, type WorkerView, unreadyReason } from '../fleet/fleet-status.js';
import { runWorker } from '../fleet/run-worker.js';
import type { Worker } from '../fleet/worker.js';
import { REPORT_INTERVAL_MS, type WorkerReport } from '../fleet/messages.js';
import { type FleetView, startFleetServer } from '../http/fleet-server.js';
import type { Config } from '../config/config.js';
import type { CliContext, CommonOptions } from './context.js';
import { common } from './options.js';
import { Printer, grouped } from './output.js';
import { supervisorChannel } from './supervisor-channel.js';
import { warnTimeOuts } from './warn-time-outs.js';

interface WorkerCommandOptions extends CommonOptions {
  readonly stopAtEnd?: boolean;
}

export function workerCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('worker')
      .description('run one consumer-group member in the foreground: what a container runs')
      .option(
        '--stop-at-end',
        'stop once the group has committed everything that the topic held at the start',
      ),
    'outrider worker --config outrider.yml',
  ).action(async (options: WorkerCommandOptions) => work(options, context));
}

async function work(options: WorkerCommandOptions, context: CliContext): Promise<void> {
  const config = loadConfig(options.config, context.environment);
  const log = context.createLog(options.logLevel);
  const supervisor = supervisorChannel(context);
  if (supervisor === null) warnTimeOuts(config, log);
  const result = await runWorker({
    config,
    clock: Date.now,
    log,
    stopAtEnd: options.stopAtEnd ?? false,
    supervisor,
    signal: context.signal,
    onWorker: async (worker) => {
      if (supervisor !== null || config.http === null) return null;
      return startFleetServer(aloneView(worker, config, context.signal), config.http, log);
    },
  });
  if (supervisor !== null) return;
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(result);
  else
    printer.line(
      `${grouped(result.events)} events, ${grouped(result.anomalies)} anomalies, ${grouped(result.deadLetters)} dead letters in ${result.seconds.toFixed(1)} s`,
    );
}

/** A worker without a supervisor shows itself as a fleet of one. */
function aloneView(worker: Worker, config: Config, stopping: AbortSignal): FleetView {
  let report: WorkerReport | null = null;
  const timer = setInterval(
    () => void worker.report().then((latest) => (report = latest)),
    REPORT_INTERVAL_MS,
  );
  timer.unref();
  const views = (): WorkerView[] => [
    {
      id: 1,
      pid: process.pid,
      state: report === null ? 'starting' : 'running',
      restarts: 0,
      report,
      trouble: null,
    },
  ];
  return {
    unreadyReason: () => unreadyReason(views(), stopping.aborted),
    status: () =>
      fleetStatus(views(), {
        group: config.group,
        topic: config.input.topic,
        draining: stopping.aborted,
        eventsPerSecond: 0,
        totals: worker.totals,
      }),
    metrics: () => worker.metrics.registry.metrics(),
  };
}
