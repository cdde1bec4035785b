import { Writable } from 'node:stream';
import { pino } from 'pino';
import { runProgram } from '../../src/cli/program.js';
import { EXIT, exitCodeFor, messageOf } from '../../src/errors.js';
import type { Finished } from './outrider.js';

/** A stream that is no terminal, and what was written to it. */
class Collected extends Writable {
  text = '';
  readonly isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/**
 * A command in this process, for tests that run dozens: what main.ts does, without starting Node each time. Paths are
 * relative to the working directory, so a test file changes it once.
 */
export async function outriderHere(args: readonly string[]): Promise<Finished> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  let code: number = EXIT.done;
  try {
    await runProgram(args, {
      environment: {},
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
      signal: new AbortController().signal,
      channel: null,
      createLog: () => pino({ level: 'silent' }),
    });
  } catch (error) {
    code = exitCodeFor(error);
    stderr.text += `outrider: ${messageOf(error)}\n`;
  }
  return { code, stdout: stdout.text, stderr: stderr.text };
}
