import { Command, InvalidArgumentError, Option } from 'commander';
import { ALL_FAULTS } from './faults/catalogue.js';
import type { Fault } from './faults/fault.js';
import { CONTROLS, type ControlName } from './fleet/controls.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly count: number;
  readonly faults: readonly Fault[];
  readonly apart: boolean;
  readonly workers: number;
  readonly rate: number;
  readonly control: ControlName | null;
  readonly json: boolean;
  readonly keep: boolean;
}

interface Flags extends Omit<ChaosOptions, 'faults' | 'control'> {
  readonly faults?: string;
  readonly control?: ControlName;
}

/** @throws CommanderError for a wrong call */
export function parseOptions(args: readonly string[]): ChaosOptions {
  const program = new Command('npm run chaos --')
    .description('Runs a fleet on a cluster of three brokers under faults, and counts what came of it.')
    .option(
      '--seed <n>',
      'fixes the order of the deck, the gaps, and what each fault draws (durations, sizes, brokers); not which worker or request it hits, nor which kind has to wait for another',
      whole(0),
      1,
    )
    .option('--minutes <n>', 'how long faults go on', positive, 5)
    .option('--count <n>', 'stop when so many faults have struck', whole(1), Number.MAX_SAFE_INTEGER)
    .option(
      '--faults <words>',
      'only these groups, and the kinds with one of these words in their names; by commas [all]',
    )
    .option('--apart', 'one fault at a time, each after the last was recovered from', false)
    .option('--workers <n>', 'worker processes under the supervisor', whole(1), 3)
    .option('--rate <n>', 'events per second', whole(1), 300)
    .addOption(
      new Option(
        '--control <name>',
        'a negative control: a fleet with a fault in its delivery, which has to be found',
      ).choices(Object.keys(CONTROLS)),
    )
    .option('--json', 'print the report as JSON on stdout', false)
    .option('--keep', 'keep logs and data', false)
    .addHelpText(
      'after',
      `\nExit: 0 when every count is as it should be, 1 when not, 70 when the run itself failed, 130 when it was broken off.\n\nFaults:\n${ALL_FAULTS.map(({ group, name }) => `  ${group}: ${name}`).join('\n')}`,
    );
  program.parse([...args], { from: 'user' });
  const flags = program.opts<Flags>();
  return { ...flags, faults: chosen(program, flags.faults), control: flags.control ?? null };
}

function chosen(program: Command, text: string | undefined): readonly Fault[] {
  if (text === undefined) return ALL_FAULTS;
  const words = text.split(',').map((word) => word.trim().toLowerCase());
  const groups = new Set<string>(ALL_FAULTS.map(({ group }) => group));
  const found = ALL_FAULTS.filter(({ group, name }) =>
    words.some((word) => (groups.has(word) ? group === word : name.toLowerCase().includes(word))),
  );
  if (found.length === 0) program.error(`--faults: no kind of fault has '${text}' in its name; see --help`);
  return found;
}

function whole(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min)
      throw new InvalidArgumentError(`a whole number of at least ${min}`);
    return value;
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is wanted');
  return value;
}
