import { Command, InvalidArgumentError } from 'commander';

export interface SoakOptions {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly workers: number;
  readonly restartEveryMs: number;
  readonly json: boolean;
}

interface Flags {
  readonly events: number;
  readonly rate: number;
  readonly workers: number;
  readonly restartEvery: number;
  readonly json: boolean;
}

/** @throws CommanderError for a wrong call */
export function soakOptions(args: readonly string[]): SoakOptions {
  const program = new Command('npm run soak --')
    .description('Sends events through a fleet that is restarted all the time, and watches its memory.')
    .option('--events <n>', 'how many', whole, 10_000_000)
    .option('--rate <n>', 'events per second', whole, 20_000)
    .option('--workers <n>', 'worker processes under the supervisor', whole, 4)
    .option('--restart-every <seconds>', 'from one rolling restart to the next', whole, 60)
    .option('--json', 'print the report as JSON on stdout', false)
    .addHelpText(
      'after',
      '\nExit: 0 when every count is as it should be (how memory grew is in the report), 1 when not, 70 when the run itself failed, 130 when it was broken off.',
    );
  program.parse([...args], { from: 'user' });
  const { events, rate, workers, restartEvery, json } = program.opts<Flags>();
  return { events, eventsPerSecond: rate, workers, restartEveryMs: restartEvery * 1000, json };
}

function whole(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('a whole number of at least 1');
  return value;
}
