import type { ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childrenOf, ended, signal, spawnChild } from '../children.js';

/** A line of Outrider's log, which is JSON. */
interface LogLine {
  readonly msg: string;
  readonly level: number;
}

const ERROR_LEVEL = 50;
/** Outrider's exit code for brokers that do not answer. */
const UNREACHABLE = 3;

export interface FleetOptions {
  readonly configFile: string;
  readonly workers: number;
  readonly logFile: string;
  /** The program whose `run` and `worker` are tried: Outrider's own, or a control's. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Names the control that control-main.ts runs. */
export const CONTROL_VARIABLE = 'OUTRIDER_CHAOS_CONTROL';
export const OUTRIDER = fileURLToPath(new URL('../../src/main.js', import.meta.url));
export const CONTROL = fileURLToPath(new URL('./control-main.js', import.meta.url));

/** The fleet under test: a supervisor with its workers, and workers on their own beside it. */
export class Fleet implements AsyncDisposable {
  /** How often something was said, by message. */
  readonly said = new Map<string, number>();
  /** Processes that ended by themselves in a way that they should not have. */
  readonly faults: string[] = [];
  private supervisor: ChildProcess | null = null;
  private readonly alone = new Set<ChildProcess>();
  private readonly suspended = new Set<number>();
  private readonly log: WriteStream;

  constructor(private readonly options: FleetOptions) {
    this.log = createWriteStream(options.logFile);
  }

  /** Starts a supervisor; the one before has to be gone. */
  start(): void {
    this.supervisor = this.spawn(['run', '--workers', String(this.options.workers)]);
  }

  /** One more member of the group, without a supervisor. */
  addWorker(): void {
    const worker = this.spawn(['worker']);
    this.alone.add(worker);
    worker.once('exit', () => this.alone.delete(worker));
  }

  /** SIGTERM for a worker that was added; it commits what it has and leaves. @returns false when there is none */
  async removeWorker(): Promise<boolean> {
    const [worker] = this.alone;
    if (worker === undefined) return false;
    await this.end(worker);
    return true;
  }

  get workerPids(): number[] {
    const supervised = this.supervisor?.pid === undefined ? [] : childrenOf(this.supervisor.pid);
    return [...supervised, ...[...this.alone].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))];
  }

  get supervisedPids(): number[] {
    return this.supervisor?.pid === undefined ? [] : childrenOf(this.supervisor.pid);
  }

  get supervisorPid(): number {
    return this.supervisor?.pid ?? 0;
  }

  suspend(pid: number): void {
    this.suspended.add(pid);
    signal(pid, 'SIGSTOP');
  }

  resume(pid: number): void {
    this.suspended.delete(pid);
    signal(pid, 'SIGCONT');
  }

  isSuspended(pid: number): boolean {
    return this.suspended.has(pid);
  }

  /** SIGKILL for the supervisor. @returns the workers that it leaves behind */
  async killSupervisor(): Promise<number[]> {
    const { supervisor } = this;
    if (supervisor === null) return [];
    const orphans = this.supervisedPids;
    this.supervisor = null;
    supervisor.kill('SIGKILL');
    await ended(supervisor);
    return orphans;
  }

  /** SIGTERM for everybody. */
  async stop(): Promise<void> {
    for (const pid of this.suspended) this.resume(pid);
    const all = [...(this.supervisor === null ? [] : [this.supervisor]), ...this.alone];
    this.supervisor = null;
    await Promise.all(all.map((process) => this.end(process)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [this.supervisor, ...this.alone]) {
      if (process === null) continue;
      process.removeAllListeners('exit');
      const workers = process.pid === undefined ? [] : childrenOf(process.pid);
      process.kill('SIGKILL');
      for (const pid of workers) signal(pid, 'SIGKILL');
      await ended(process);
    }
    await new Promise<void>((resolve) => this.log.end(() => resolve()));
  }

  private async end(process: ChildProcess): Promise<void> {
    process.kill('SIGTERM');
    await ended(process);
    // By a signal: killed by another fault, or asked before it had begun to listen.
    if (process.signalCode === null && process.exitCode !== 0)
      this.faults.push(
        `pid ${process.pid ?? 0} ended with code ${process.exitCode ?? 'none'} when asked to stop`,
      );
  }

  private spawn(args: readonly string[]): ChildProcess {
    const { program, configFile, environment } = this.options;
    const child = spawnChild(
      process.execPath,
      [program, ...args, '--config', configFile, '--log-level', 'info'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
    );
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    lines.on('line', (line) => this.hear(line));
    child.once('exit', (code) => this.hearOfEnd(child, code));
    return child;
  }

  /** What an orchestrator does: a fleet that found no broker at its start is started again. */
  private hearOfEnd(child: ChildProcess, code: number | null): void {
    const isSupervisor = child === this.supervisor;
    if (!isSupervisor && !this.alone.has(child)) return;
    if (code === UNREACHABLE) {
      this.count('a process found no broker at its start');
      if (isSupervisor) this.start();
    } else if (code !== 0 && code !== null) {
      this.faults.push(`pid ${child.pid ?? 0} ended with code ${code}`);
    }
  }

  private count(message: string): void {
    this.said.set(message, (this.said.get(message) ?? 0) + 1);
  }

  private hear(line: string): void {
    this.log.write(`${line}\n`);
    const entry = logLine(line);
    if (entry === null) return;
    const { msg, level } = entry;
    this.count(msg);
    if (level >= ERROR_LEVEL) this.faults.push(`logged as an error: ${msg}`);
  }
}

/** @returns null for what is no line of the log: a stack trace, or the half line of a process that was killed */
function logLine(text: string): LogLine | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as LogLine;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
