import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ended, spawnChild } from '../../chaos/children.js';
import { CpuCount } from './cpu-count.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const SAID_LENGTH = 20_000;
const STOP_LIMIT_MS = 30_000;

/** An `outrider` command at work, with the workers that it forks; it ends with this process, however that ends. */
export class OutriderCommand implements AsyncDisposable {
  /** Of the command and its workers. */
  readonly cpu: CpuCount;
  /** The end of what it wrote to stderr. */
  complaint = '';
  /** Of performance.now(), just before it was started. */
  readonly startedMs = performance.now();
  private readonly child: ChildProcess;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawnChild(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.complaint = `${this.complaint}${text}`.slice(-SAID_LENGTH)));
    this.cpu = new CpuCount(this.child.pid ?? 0);
  }

  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** @throws when it has ended otherwise than with 0 */
  failIfFailed(): void {
    const { exitCode, signalCode } = this.child;
    if (this.isOver && exitCode !== 0)
      throw new Error(`it ended with ${signalCode ?? `code ${exitCode}`}: ${this.complaint.trim()}`);
  }

  /** Asks it to end, where it has not ended by itself. @throws when it does not end in order */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    if (!this.isOver) this.child.kill('SIGTERM');
    await ended(this.child);
    clearTimeout(late);
    this.failIfFailed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await ended(this.child);
  }
}
