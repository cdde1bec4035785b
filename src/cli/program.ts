import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { brokerCommand } from './broker.js';
import { checkCommand } from './check.js';
import type { CliContext } from './context.js';
import { demoCommand } from './demo.js';
import { dlqCommand } from './dlq.js';
import { evaluateCommand } from './evaluate.js';
import { initCommand } from './init.js';
import { offsetsCommand } from './offsets.js';
import { produceCommand } from './produce.js';
import { replayCommand } from './replay.js';
import { runCommand } from './run.js';
import { scoreCommand } from './score.js';
import { tailCommand } from './tail.js';
import { trainCommand } from './train.js';
import { workerCommand } from './worker.js';

/** Reads the command line and runs the command. @throws UsageError, or what the command throws */
export async function runProgram(args: readonly string[], context: CliContext): Promise<void> {
  const program = new Command('outrider')
    .description(
      'Score every Avro event of a Kafka topic with an anomaly detector and write the anomalies to another topic, exactly once.',
    )
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // The error comes back as a UsageError and is printed once, in main.
      writeErr: () => undefined,
    })
    .showSuggestionAfterError(true)
    .exitOverride();
  for (const register of [
    demoCommand,
    initCommand,
    checkCommand,
    runCommand,
    workerCommand,
    trainCommand,
    produceCommand,
    scoreCommand,
    evaluateCommand,
    tailCommand,
    replayCommand,
    dlqCommand,
    offsetsCommand,
    brokerCommand,
  ]) {
    register(program, context);
  }
  inherit(program, program.commands);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    if (error.code === 'commander.help') {
      context.stderr.write(program.helpInformation());
      throw new UsageError('a command is missing');
    }
    throw new UsageError(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
}

/** Subcommands made before exitOverride was copied would end the process by themselves. */
function inherit(parent: Command, commands: readonly Command[]): void {
  for (const command of commands) {
    command.copyInheritedSettings(parent);
    inherit(command, command.commands);
  }
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string })
    .version;
}
