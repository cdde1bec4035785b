/** `npm run chaos`: see --help and docs/RELIABILITY.md. */
import { CommanderError } from 'commander';
import { chaos } from './chaos.js';
import { parseOptions } from './options.js';
import { reportText } from './verdict/report.js';

const EXIT = { held: 0, broken: 1, usage: 2, failed: 70, interrupted: 130 } as const;
const stopped = new AbortController();

try {
  const options = parseOptions(process.argv.slice(2));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopped.abort());
  const report = await chaos(options, (text) => process.stderr.write(`${text}\n`), stopped.signal);
  process.stderr.write(`\n${reportText(report)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.passed ? EXIT.held : EXIT.broken;
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
process.exit();

/** Says what it was, too. A usage error has said so itself. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (stopped.signal.aborted) {
    process.stderr.write('chaos: broken off; everything is ended\n');
    return EXIT.interrupted;
  }
  process.stderr.write(`chaos: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}
