import { Command, InvalidArgumentError, Option } from 'commander';

export const PARTS = ['rate', 'start', 'beside'] as const;
export type Part = (typeof PARTS)[number];

export interface ReplayBenchOptions {
  readonly runs: number;
  /** On the topic that rates are measured with. */
  readonly events: number;
  /** On the topic that is long. */
  readonly longEvents: number;
  /** Of each time that a live fleet is watched. */
  readonly seconds: number;
  readonly part: readonly Part[];
  readonly json: boolean;
}

/** @throws CommanderError for a wrong call */
export function parseOptions(args: readonly string[]): ReplayBenchOptions {
  const program = new Command('npm run bench:replay --')
    .description('Measures a replay: its rate, its start, and what a live fleet beside it feels.')
    .option('--runs <n>', 'runs of each', whole, 5)
    .option('--events <n>', 'events on the topic that rates are measured with', whole, 1_000_000)
    .option('--long-events <n>', 'events on the topic of the parts start and beside', whole, 10_000_000)
    .option('--seconds <n>', 'how long a live fleet is watched each time', whole, 20)
    .addOption(
      new Option('--part <name...>', 'only these; may be said more than once')
        .choices(PARTS)
        .default([...PARTS]),
    )
    .option('--json', 'print the samples as JSON on stdout', false)
    .addHelpText(
      'after',
      `
Needs Linux. KAFKA_BROKERS names a broker to use in place of a local one; its CPU time is then not known.

Example: npm run bench:replay -- --part rate --runs 3`,
    )
    .exitOverride();
  program.parse([...args], { from: 'user' });
  return program.opts<ReplayBenchOptions>();
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number of at least 1');
  return Number(text);
}
