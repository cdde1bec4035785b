/** `npm run chaos`: see --help and docs/RELIABILITY.md. */
import { CommanderError } from 'commander';
import { chaos } from './chaos.js';
import { parseOptions } from './options.js';
import { reportText } from './verdict/report.js';

const EXIT = { held: 0, broken: 1, failed: 70 } as const;

try {
  const options = parseOptions(process.argv.slice(2));
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
  const report = await chaos(options, (text) => process.stderr.write(`${text}\n`), stopped.signal);
  process.stderr.write(`\n${reportText(report)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.passed ? EXIT.held : EXIT.broken;
} catch (error) {
  if (!(error instanceof CommanderError)) {
    process.stderr.write(
      `chaos: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
  process.exitCode = error instanceof CommanderError ? 2 : EXIT.failed;
}
process.exit();
