/** `npm run soak`: millions of events through a fleet that is restarted all the time; see docs/RELIABILITY.md. */
import { soakOptions } from './options.js';
import { soakText } from './report.js';
import { soak } from './soak.js';

const EXIT = { held: 0, broken: 1, failed: 70, interrupted: 130 } as const;
const stopped = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopped.abort());

try {
  const options = soakOptions(process.argv.slice(2));
  const report = await soak(options, (text) => process.stderr.write(`${text}\n`), stopped.signal);
  process.stderr.write(`${soakText(report)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report.values)}\n`);
  process.exitCode = report.passed ? EXIT.held : EXIT.broken;
} catch (error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    stopped.signal.aborted ? 'soak: broken off; everything is ended\n' : `soak: ${text}\n`,
  );
  process.exitCode = stopped.signal.aborted ? EXIT.interrupted : EXIT.failed;
}
process.exit();
