import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { dlqListCommand } from './dlq-list.js';
import { dlqRedriveCommands } from './dlq-redrive.js';
import { dlqShowCommand } from './dlq-show.js';

export function dlqCommand(program: Command, context: CliContext): void {
  const dlq = program
    .command('dlq')
    .description('look at dead letters, and send them through again')
    .addHelpText(
      'after',
      '\nExample:\n  $ outrider dlq list\n  $ outrider dlq redrive --reason unknown-schema',
    );
  dlqListCommand(dlq, context);
  dlqShowCommand(dlq, context);
  dlqRedriveCommands(dlq, context);
}
