import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { offsetsSetCommand } from './offsets-set.js';
import { offsetsShowCommand } from './offsets-show.js';

export function offsetsCommand(program: Command, context: CliContext): void {
  const offsets = program
    .command('offsets')
    .description("look at the group's offsets, and move them while it is stopped")
    .addHelpText('after', '\nExample:\n  $ outrider offsets show\n  $ outrider offsets set --by-duration 2h');
  offsetsShowCommand(offsets, context);
  offsetsSetCommand(offsets, context);
}
