import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, ended, signal } from '../children.js';
import { type Findings, SEEN } from './findings.js';
import { type LogLine, isTrace, logLine, saysStalled, saysUnreached } from './log-line.js';

/** Outrider's exit codes (docs/CONFIGURATION.md, "Exit codes"). */
const DONE = 0;
const UNREACHABLE = 3;
const BUG = 70;
const ERROR_LEVEL = 50;
/** A signal of ours explains an end that comes within this time: a worker that is asked finishes what it has. */
const EXPLAINS_MS: Readonly<Record<OurSignal, number>> = { SIGKILL: 15_000, SIGTERM: 60_000 };
/** Its last words may come after its end. */
const LAST_WORDS_MS = 1000;

type OurSignal = 'SIGKILL' | 'SIGTERM';

interface Sent {
  readonly pid: number;
  readonly name: OurSignal;
  readonly atMs: number;
}

/**
 * A process of the fleet that the suite started: a supervisor, whose workers say what they say on the same stderr, or a
 * worker on its own. Every end that the suite did not cause is a fault, but a start without a broker and a stall.
 */
export class FleetProcess {
  readonly gone: Promise<void>;
  /** Resolves when it has ended and its end has been judged. */
  readonly judged: Promise<void>;
  private readonly sent: Sent[] = [];
  private hasSpoken = false;
  private hasJoined = false;
  private isInTrace = false;
  private lastLine = '';

  /** @param onLine every line of its stderr */
  constructor(
    private readonly name: 'supervisor' | 'worker',
    private readonly child: ChildProcess,
    private readonly findings: Findings,
    onLine: (line: string) => void,
  ) {
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      onLine(line);
      this.hear(line);
    });
    const drained = new Promise<void>((resolve) => lines.once('close', () => resolve()));
    this.gone = ended(child);
    this.judged = this.gone
      .then(() => Promise.race([drained, delay(LAST_WORDS_MS)]))
      .then(() => this.judge());
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The workers of a supervisor. */
  get workerPids(): number[] {
    return this.child.pid === undefined ? [] : childrenOf(this.child.pid);
  }

  /** @param pid its own, or that of one of its workers */
  send(name: OurSignal, pid = this.pid): void {
    this.sent.push({ pid, name, atMs: performance.now() });
    signal(pid, name);
  }

  private judge(): void {
    const { exitCode, signalCode } = this.child;
    const wasKilled = this.wasSent('SIGKILL');
    const wasAsked = this.wasSent('SIGTERM');
    if (signalCode === 'SIGKILL' && wasKilled) return;
    if (exitCode === DONE && wasAsked) return;
    // Asked before it had begun to listen.
    if (signalCode === 'SIGTERM' && wasAsked && !this.hasSpoken) return;
    if (exitCode === UNREACHABLE && !this.hasJoined && saysUnreached(this.lastLine)) {
      this.findings.count(SEEN.startWithoutBroker);
      return;
    }
    if (exitCode === BUG && this.name === 'worker' && saysStalled(this.lastLine)) {
      this.findings.count(SEEN.stall);
      return;
    }
    const how = signalCode ?? `code ${exitCode ?? 'none'}`;
    const asked = wasKilled ? ' (killed)' : wasAsked ? ' (asked to stop)' : ' (by itself)';
    this.findings.fault(
      `${this.name} ${this.pid} ended with ${how}${asked}: ${this.lastLine.slice(0, 200) || 'without a word'}`,
    );
  }

  private wasSent(name: OurSignal): boolean {
    return this.sent.some((one) => one.name === name && one.pid === this.pid);
  }

  private hear(line: string): void {
    if (line.trim() === '') return;
    this.lastLine = line;
    this.hasSpoken = true;
    const entry = logLine(line);
    if (entry === null) {
      // The lines of one trace are one fault.
      if (isTrace(line) && !this.isInTrace) {
        this.findings.fault(`${this.name} ${this.pid}: exception: ${line.slice(0, 300)}`);
        this.isInTrace = true;
      }
      return;
    }
    this.isInTrace = false;
    this.hearEntry(entry);
  }

  private hearEntry(entry: LogLine): void {
    const { msg, level } = entry;
    this.findings.count(msg);
    if (level >= ERROR_LEVEL) this.findings.fault(`logged as an error: ${msg}`);
    if (msg === 'joined the group') this.hasJoined = true;
    if (msg.endsWith('ended by force')) this.hearOfForce(entry);
    if (this.name === 'supervisor' && ENDS.has(msg)) this.hearOfEnd(entry);
  }

  /** The supervisor is about to kill a worker, and says so. */
  private hearOfForce({ pid }: LogLine): void {
    this.findings.count(SEEN.forced);
    this.sent.push({ pid: pid ?? 0, name: 'SIGKILL', atMs: performance.now() });
  }

  /** A supervisor says how one of its workers ended. */
  private hearOfEnd({ pid, exitCode = null, signal: name = null, reason, stall, msg }: LogLine): void {
    if (stall !== undefined) this.findings.count(SEEN.stall);
    // Where the line says no pid of its own there is the supervisor's.
    const about = pid === this.pid ? undefined : pid;
    if (exitCode === UNREACHABLE || (exitCode === BUG && stall !== undefined)) return;
    const cause = exitCode === DONE ? 'SIGTERM' : name;
    if (this.explains(cause, about)) return;
    const how = name ?? `code ${exitCode ?? 'none'}`;
    const unasked = cause === null ? '' : ', which nobody asked for';
    this.findings.fault(`${msg}: ${how}${unasked}: ${reason ?? 'without a word'}`);
  }

  /** Whether a signal of ours to a worker is the cause; each is the cause of one end. */
  private explains(name: NodeJS.Signals | null, pid: number | undefined): boolean {
    const now = performance.now();
    const index = this.sent.findIndex(
      (one) =>
        one.name === name &&
        one.pid !== this.pid &&
        (pid === undefined || one.pid === pid) &&
        now - one.atMs < EXPLAINS_MS[one.name],
    );
    if (index < 0) return false;
    this.sent.splice(index, 1);
    return true;
  }
}

/** The supervisor's words for the end of a worker. */
const ENDS: ReadonlySet<string> = new Set(['a worker died', 'a worker left', 'a worker stalled']);
