#!/usr/bin/env node
import type { CliContext, ProcessChannel } from './cli/context.js';
import { runProgram } from './cli/program.js';
import { EXIT, exitCodeFor, messageOf, OutriderError } from './errors.js';
import { SUPERVISED_VARIABLE } from './fleet/worker-process.js';
import { createLog } from './observe/log.js';

/** How long a finished command may take to let go of what keeps the process alive. */
const LINGER_MAX_MS = 500;

/** Holds also when the supervisor is gone already: the worker then leaves at once. */
const isSupervised = process.env[SUPERVISED_VARIABLE] === '1';

/** The first SIGTERM or SIGINT asks to stop; the second ends the process at once. Nothing is lost either way. */
function stopSignal(): AbortSignal {
  const asked = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    // The terminal sends SIGINT to the whole group; a supervised worker waits for its supervisor's word.
    if (isSupervised && name === 'SIGINT') return;
    if (asked.signal.aborted) process.exit(EXIT.interrupted);
    asked.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return asked.signal;
}

function processChannel(): ProcessChannel {
  return {
    send: (message) => {
      // A supervisor that went away a moment ago: `onDisconnect` says so in its own time.
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onDisconnect: (listener) => {
      process.on('disconnect', listener);
      if (!process.connected) listener();
    },
  };
}

/** A reader of stdout that goes away (`| head`) ends the program quietly. */
function endWithStdout(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
}

async function main(): Promise<number> {
  process.stdout.on('error', endWithStdout);
  const context: CliContext = {
    environment: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopSignal(),
    channel: isSupervised ? processChannel() : null,
    createLog: (level) => createLog(level, process.stderr.isTTY),
  };
  const args = process.argv.slice(2);
  try {
    await runProgram(args, context);
    return EXIT.done;
  } catch (error) {
    // Asked to stop while it waited for something: that is no failure.
    if (context.signal.aborted && error instanceof Error && error.name === 'AbortError') return EXIT.done;
    const debug = /--log-level[ =](debug|trace)/.test(args.join(' '));
    process.stderr.write(`outrider: ${messageOf(error)}\n`);
    if ((debug || !(error instanceof OutriderError)) && error instanceof Error)
      process.stderr.write(`${error.stack ?? ''}\n`);
    return exitCodeFor(error);
  }
}

process.exitCode = await main();
// However slow the reader is, it gets all of it.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
if (process.connected) process.disconnect();
setTimeout(() => process.exit(), LINGER_MAX_MS).unref();
