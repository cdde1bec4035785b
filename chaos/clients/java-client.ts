import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/package-root.js';
import { ended, spawnChild } from '../children.js';

/** One of the Java programs beside this file, run from its source with Kafka's own clients. */
export class JavaClient implements AsyncDisposable {
  readonly ended: Promise<void>;
  /** The end of what it said on stderr. */
  complaint = '';
  private readonly process: ChildProcess;

  constructor(
    jars: string,
    program: 'Writer' | 'Reader' | 'Watch',
    args: readonly string[],
    onLine: (words: string[]) => void,
  ) {
    const source = join(packageRoot(), 'chaos', 'clients', `${program}.java`);
    const options = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
    this.process = spawnChild('java', [...options, quiet, '-cp', join(jars, '*'), source, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // It may be killed with lines still on their way to it.
    this.process.stdin?.on('error', () => undefined);
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = `${this.complaint}${text}`.slice(-2000);
    });
    const lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => onLine(line.split(' ')));
    const drained = new Promise<void>((resolve) => lines.once('close', () => resolve()));
    this.ended = Promise.all([ended(this.process), drained]).then(() => undefined);
  }

  get exitCode(): number | null {
    return this.process.exitCode;
  }

  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** Ends its standard input: it finishes what it has and goes. */
  finish(): void {
    this.process.stdin?.end();
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
