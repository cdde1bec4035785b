import type { ChildProcess } from 'node:child_process';
import { ended, spawnChild } from '../../chaos/children.js';
import type { Command } from './peer.js';
import { type ProcessUsage, processUsage } from './process-usage.js';

/** What a peer says that it did. */
export interface PeerCounts {
  readonly events: number;
  readonly anomalies: number;
}

const SAID_LENGTH = 2000;
const STOP_LIMIT_MS = 30_000;

/** A peer at work; it ends with this process, however that ends. */
export class PeerProcess implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly closed: Promise<void>;
  private output = '';
  private complaint = '';

  /** @param core the only one that it may use; null for any */
  constructor({ command, args, environment = {} }: Command, core: number | null) {
    const words = core === null ? [command, ...args] : ['taskset', '-c', String(core), command, ...args];
    this.child = spawnChild(words[0] as string, words.slice(1), {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.output = `${this.output}${text}`.slice(-SAID_LENGTH)));
    this.child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.complaint = `${this.complaint}${text}`.slice(-SAID_LENGTH)));
    const drained = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    this.closed = ended(this.child).then(() => (this.child.pid === undefined ? undefined : drained));
  }

  get usage(): ProcessUsage {
    this.failIfEnded();
    return processUsage(this.child.pid as number);
  }

  /** @throws when it has ended, with the end of what it said */
  failIfEnded(): void {
    const { exitCode, signalCode, pid } = this.child;
    if (pid !== undefined && exitCode === null && signalCode === null) return;
    throw new Error(`it ended with ${this.howItEnded()}`);
  }

  /** Asks it to end. @returns what it counted @throws when it does not end in order */
  async stop(): Promise<PeerCounts> {
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    this.child.kill('SIGTERM');
    await this.closed;
    clearTimeout(late);
    const counts = countsIn(this.output);
    if (counts === null) throw new Error(`it printed no counts and ended with ${this.howItEnded()}`);
    return counts;
  }

  private howItEnded(): string {
    const { exitCode, signalCode } = this.child;
    return `${signalCode ?? `code ${exitCode ?? 'none'}`}: ${this.complaint.trim()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}

/** @param output of a peer; the counts stand on its last line */
function countsIn(output: string): PeerCounts | null {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) return null;
  const { events, anomalies } = JSON.parse(line) as Partial<PeerCounts>;
  return events === undefined || anomalies === undefined ? null : { events, anomalies };
}
