import { type WriteStream, createWriteStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signal, spawnChild } from '../children.js';
import { Findings } from './findings.js';
import { FleetProcess } from './fleet-process.js';

/** Between the end of a supervisor and the start of the next. */
const RESTART_MS = 250;

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
  readonly findings = new Findings();
  private supervisor: FleetProcess | null = null;
  private readonly alone = new Set<FleetProcess>();
  private readonly suspended = new Set<number>();
  private readonly log: WriteStream;

  constructor(private readonly options: FleetOptions) {
    this.log = createWriteStream(options.logFile);
  }

  /** Starts a supervisor, and another one whenever it ends before it is stopped; the one before has to be gone. */
  start(): void {
    const supervisor = this.spawn('supervisor', ['run', '--workers', String(this.options.workers)]);
    this.supervisor = supervisor;
    void supervisor.judged.then(async () => {
      await delay(RESTART_MS);
      // What an orchestrator does.
      if (this.supervisor === supervisor) this.start();
    });
  }

  /** One more member of the group, without a supervisor. @returns its pid */
  addWorker(): number {
    const worker = this.spawn('worker', ['worker']);
    this.alone.add(worker);
    void worker.judged.then(() => this.alone.delete(worker));
    return worker.pid;
  }

  /**
   * SIGTERM for a worker that was added; it commits what it has and leaves.
   * @param pid which; whichever when it is left out
   * @returns false when there is none
   */
  async removeWorker(pid?: number): Promise<boolean> {
    const worker = [...this.alone].find((one) => one.isRunning && (pid === undefined || one.pid === pid));
    if (worker === undefined) return false;
    worker.send('SIGTERM');
    await worker.judged;
    return true;
  }

  /** Whether there is a worker beside the supervisor's. */
  get hasAdded(): boolean {
    return [...this.alone].some((one) => one.isRunning);
  }

  get workerPids(): number[] {
    return [...this.supervisedPids, ...[...this.alone].map(({ pid }) => pid)];
  }

  get supervisedPids(): number[] {
    return this.supervisor?.workerPids ?? [];
  }

  get supervisorPid(): number {
    return this.supervisor?.pid ?? 0;
  }

  /** SIGKILL for a worker. */
  kill(pid: number): void {
    this.send('SIGKILL', pid);
  }

  /** SIGTERM for a worker. */
  askToLeave(pid: number): void {
    this.send('SIGTERM', pid);
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
    supervisor.send('SIGKILL');
    await supervisor.gone;
    return orphans;
  }

  /** SIGTERM for everybody. */
  async stop(): Promise<void> {
    for (const pid of this.suspended) this.resume(pid);
    const all = [...(this.supervisor === null ? [] : [this.supervisor]), ...this.alone];
    this.supervisor = null;
    for (const process of all) process.send('SIGTERM');
    await Promise.all(all.map(({ judged }) => judged));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { supervisor } = this;
    this.supervisor = null;
    for (const process of [...(supervisor === null ? [] : [supervisor]), ...this.alone]) {
      const workers = process.workerPids;
      process.send('SIGKILL');
      for (const pid of workers) signal(pid, 'SIGKILL');
      await process.judged;
    }
    await new Promise<void>((resolve) => this.log.end(() => resolve()));
  }

  /** Whoever hears of the worker's end is told whose doing it is. */
  private send(name: 'SIGKILL' | 'SIGTERM', pid: number): void {
    const alone = [...this.alone].find((one) => one.pid === pid);
    const owner = alone ?? (this.supervisedPids.includes(pid) ? this.supervisor : null);
    if (owner === null) signal(pid, name);
    else owner.send(name, pid);
  }

  private spawn(name: 'supervisor' | 'worker', args: readonly string[]): FleetProcess {
    const { program, configFile, environment } = this.options;
    const child = spawnChild(
      process.execPath,
      [program, ...args, '--config', configFile, '--log-level', 'info'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
    );
    return new FleetProcess(name, child, this.findings, (line) => {
      if (!this.log.writableEnded) this.log.write(`${line}\n`);
    });
  }
}
