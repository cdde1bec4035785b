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
  private mayEnd: 'never' | 'in order' | 'anyhow' = 'never';

  constructor(
    jars: string,
    private readonly program: 'Writer' | 'Reader' | 'Watch',
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

  /** How it ended although nobody wanted it to, with the end of its stderr; null while it does what it should. */
  get fault(): string | null {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null) return null;
    if (this.mayEnd === 'anyhow' || (this.mayEnd === 'in order' && exitCode === 0)) return null;
    return `${this.program} ended with ${signalCode ?? `code ${exitCode ?? 'none'}`}: ${this.complaint.trim().slice(-500)}`;
  }

  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** Ends its standard input: it finishes what it has and goes. */
  finish(): void {
    if (this.mayEnd === 'never') this.mayEnd = 'in order';
    this.process.stdin?.end();
  }

  async kill(): Promise<void> {
    // What it ended of before is not forgotten.
    if (this.process.exitCode === null && this.process.signalCode === null) this.mayEnd = 'anyhow';
    this.process.kill('SIGKILL');
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
