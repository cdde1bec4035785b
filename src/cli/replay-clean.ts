import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { cleanReplay } from '../replay/clean-replay.js';
import type { CliContext, CommonOptions } from './context.js';
import { common } from './options.js';
import { Printer } from './output.js';

interface CleanOptions extends CommonOptions {
  readonly id: string;
}

export function replayCleanCommand(replay: Command, context: CliContext): void {
  common(
    replay
      .command('clean')
      .description("delete a replay's group and the topics that bear its id; what it backfilled stays")
      .requiredOption('--id <id>', 'the replay'),
    'outrider replay clean --id new-model',
    'warn',
  ).action(async (options: CleanOptions) => clean(options, context));
}

async function clean(options: CleanOptions, context: CliContext): Promise<void> {
  const config = loadConfig(options.config, context.environment);
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(config.kafka, log);
  const cleaned = await cleanReplay(config, options.id, admin, log, context.signal);
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) {
    printer.json(cleaned);
    return;
  }
  for (const topic of cleaned.topics) printer.line(`deleted topic ${topic}`);
  if (cleaned.group !== null) printer.line(`deleted group ${cleaned.group}`);
}
