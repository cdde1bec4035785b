import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { AnswerNoError } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { type KnownReplay, knownReplays } from '../replay/known-replays.js';
import type { CliContext, CommonOptions } from './context.js';
import { common } from './options.js';
import { Printer, grouped } from './output.js';

interface StatusOptions extends CommonOptions {
  readonly id?: string;
}

export function replayStatusCommand(replay: Command, context: CliContext): void {
  common(
    replay
      .command('status')
      .description('the replays that the brokers know: bounds, what is done and left, workers alive')
      .option('--id <id>', 'one of them, with its partitions'),
    'outrider replay status',
    'warn',
  ).action(async (options: StatusOptions) => status(options, context));
}

async function status(options: StatusOptions, context: CliContext): Promise<void> {
  const { kafka, group, input } = loadConfig(options.config, context.environment);
  await using admin = new KafkaAdmin(kafka, context.createLog(options.logLevel));
  const all = await knownReplays(admin, group, input.topic);
  const replays = options.id === undefined ? all : all.filter(({ id }) => id === options.id);
  if (options.id !== undefined && replays.length === 0)
    throw new AnswerNoError(
      `there is no replay '${options.id}' of group ${group}: it was never started, was cleaned, or its group's offsets have expired`,
    );
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) {
    for (const replay of replays) printer.json(replay);
    return;
  }
  if (replays.length === 0) {
    printer.line(`group ${group} has no replays`);
    return;
  }
  printer.table(
    [
      'id',
      'state',
      'done',
      'left',
      'workers',
      'read',
      'anomalies',
      'letters',
      'model',
      'bounds',
      'output',
      'started',
    ],
    replays.map((replay) => {
      const { id, spec, done, left, workers } = replay;
      return [
        id,
        stateOf(replay),
        percentText(replay),
        grouped(left),
        workers,
        grouped(done.read),
        grouped(done.anomalies),
        grouped(done.deadLetters),
        spec.model,
        spec.bounds,
        spec.mode === 'own' ? spec.output : `${spec.output} (${spec.mode})`,
        spec.created.slice(0, 19).replace('T', ' '),
      ];
    }),
  );
  if (options.id !== undefined) for (const replay of replays) printPartitions(replay, printer);
}

function stateOf({ left, workers, done }: KnownReplay): string {
  if (left === 0) return done.gone > 0 ? `done, ${grouped(done.gone)} gone` : 'done';
  return workers > 0 ? 'running' : 'stopped';
}

function percentText({ partitions, left }: KnownReplay): string {
  const all = partitions.reduce((sum, { start, to }) => sum + to - start, 0);
  return `${all === 0 ? 100 : Math.floor((100 * (all - left)) / all)} %`;
}

function printPartitions({ partitions }: KnownReplay, printer: Printer): void {
  printer.line();
  printer.table(
    ['partition', 'from', 'next', 'to', 'left', 'read', 'anomalies', 'letters'],
    partitions.map(({ partition, start, next, to, done }) => [
      partition,
      start,
      next,
      to,
      grouped(Math.max(0, to - next)),
      grouped(done.read),
      grouped(done.anomalies),
      grouped(done.deadLetters),
    ]),
  );
}
