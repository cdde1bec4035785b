import { Command, InvalidArgumentError, Option } from 'commander';

export interface PeersOptions {
  readonly events: number;
  readonly runs: number;
  /** Names of the catalogue; all where nothing is said. */
  readonly only: readonly string[];
  readonly json: boolean;
  /** File that the chart is written to. */
  readonly plot: string | null;
  readonly pin: boolean;
}

/** @param names of the catalogue @throws CommanderError for a wrong call */
export function parseOptions(args: readonly string[], names: readonly string[]): PeersOptions {
  const program = new Command('npm run bench:peers --')
    .description(
      'Runs Outrider and others who do the same work, in turn, on one broker and one topic, and compares them.',
    )
    .option('--runs <n>', 'runs of each', whole, 5)
    .option('--events <n>', 'events on the topic', whole, 1_000_000)
    .addOption(
      new Option('--only <name...>', 'only these; may be said more than once')
        .choices(names)
        .default([...names]),
    )
    .option('--plot <file>', 'write the chart, SVG, to this file')
    .option('--no-pin', 'leave it to the kernel which core the broker and a peer run on')
    .option('--json', 'print the report as JSON on stdout', false)
    .addHelpText(
      'after',
      `
Needs Linux, Java 17 (a JDK), Maven, and Python 3.11 or later with venv; what they fetch is kept in the cache folder
(OUTRIDER_CACHE names another). KAFKA_BROKERS names a broker to use in place of a local one.

Exit: 0 when every peer was measured, 1 when one could not be set up or did not do the work (the report says which and
why), 2 for a wrong call, 70 when the bench itself failed, 130 when it was broken off.

Example: npm run bench:peers -- --runs 3 --only outrider --only kafka-streams`,
    )
    .exitOverride();
  program.parse([...args], { from: 'user' });
  const { plot, ...flags } = program.opts<Omit<PeersOptions, 'plot'> & { plot?: string }>();
  return { ...flags, plot: plot ?? null };
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number of at least 1');
  return Number(text);
}
