import { loadConfig } from '../../src/config/load.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { cleanReplay } from '../../src/replay/clean-replay.js';
import type { BenchContext } from './bench-context.js';
import { OutriderCommand } from './outrider-command.js';

/** Starts `outrider replay run`. */
export function startReplay(
  file: string,
  id: string,
  flags: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): OutriderCommand {
  const args = ['replay', 'run', '--config', file, '--id', id, '--json', '--log-level', 'error', ...flags];
  return new OutriderCommand(args, environment);
}

/** Removes the group and the topics of a replay that has ended. */
export async function removeReplay(file: string, id: string, { log, signal }: BenchContext): Promise<void> {
  const config = loadConfig(file, {});
  await using admin = new KafkaAdmin(config.kafka, log);
  await cleanReplay(config, id, admin, log, signal);
}
