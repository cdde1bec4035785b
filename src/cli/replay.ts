import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { replayCleanCommand } from './replay-clean.js';
import { replayDiffCommand } from './replay-diff.js';
import { replayPlanCommand } from './replay-plan.js';
import { replayRunCommand } from './replay-run.js';
import { replayStatusCommand } from './replay-status.js';
import { replayWorkerCommand } from './replay-worker.js';

export function replayCommand(program: Command, context: CliContext): void {
  const replay = program
    .command('replay')
    .description('score history again, apart from the live group, and say what differs')
    .addHelpText(
      'after',
      '\nExample:\n  $ outrider replay plan --from 24h\n  $ outrider replay run --from 24h --model models/new --id new-model\n  $ outrider replay diff shuttle.anomalies new-model',
    );
  replayPlanCommand(replay, context);
  replayRunCommand(replay, context);
  replayStatusCommand(replay, context);
  replayCleanCommand(replay, context);
  replayDiffCommand(replay, context);
  replayWorkerCommand(replay, context);
}
