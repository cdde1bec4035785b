import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { replayRunCommand } from './replay-run.js';
import { replayWorkerCommand } from './replay-worker.js';

export function replayCommand(program: Command, context: CliContext): void {
  const replay = program
    .command('replay')
    .description('score history again, apart from the live group, and say what differs');
  replayRunCommand(replay, context);
  replayWorkerCommand(replay, context);
}
