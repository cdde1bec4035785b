import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import type { CliContext } from './context.js';

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
  for (const register of await called(args)) register(program, context);
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

type Register = (program: Command, context: CliContext) => void;

/** By name, in the order of the help. A command's modules are half of what there is: those of others are not loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  demo: async () => (await import('./demo.js')).demoCommand,
  init: async () => (await import('./init.js')).initCommand,
  check: async () => (await import('./check.js')).checkCommand,
  run: async () => (await import('./run.js')).runCommand,
  worker: async () => (await import('./worker.js')).workerCommand,
  train: async () => (await import('./train.js')).trainCommand,
  produce: async () => (await import('./produce.js')).produceCommand,
  score: async () => (await import('./score.js')).scoreCommand,
  evaluate: async () => (await import('./evaluate.js')).evaluateCommand,
  tail: async () => (await import('./tail.js')).tailCommand,
  replay: async () => (await import('./replay.js')).replayCommand,
  dlq: async () => (await import('./dlq.js')).dlqCommand,
  offsets: async () => (await import('./offsets.js')).offsetsCommand,
  broker: async () => (await import('./broker.js')).brokerCommand,
};

/** The command that is called; all of them where it is none of them: the help and the suggestions name every one. */
function called([name = '']: readonly string[]): Promise<readonly Register[]> {
  const one = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return Promise.all((one === undefined ? Object.values(COMMANDS) : [one]).map((load) => load()));
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
