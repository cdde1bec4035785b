import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Silence } from './silence.js';
import type { WorkerFailure, WorkerMessage, WorkerReport } from './messages.js';

/** Tells a worker that it has a supervisor: it then leaves the terminal's SIGINT to it. */
export const SUPERVISED_VARIABLE = 'OUTRIDER_SUPERVISED';

/** Tells a worker which member of the group was killed in its place. */
export const PREDECESSOR_VARIABLE = 'OUTRIDER_PREDECESSOR';

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly failure: WorkerFailure | null;
  readonly livedMs: number;
}

/** This package's own program. */
export const WORKER_PROGRAM = fileURLToPath(new URL('../main.js', import.meta.url));

/** One forked worker process: the same command that a container runs. */
export class WorkerProcess {
  readonly exited: Promise<WorkerExit>;
  report: WorkerReport | null = null;
  /** How long it has not reported. */
  readonly silence = new Silence();
  private readonly child: ChildProcess;
  private failure: WorkerFailure | null = null;

  /**
   * @param program the file that is forked
   * @param args the command that makes it a worker, with its flags
   * @param predecessor the member id of the process that died in its place, or null
   */
  constructor(
    program: string,
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
    predecessor: string | null,
  ) {
    const started = performance.now();
    this.child = fork(program, [...args], {
      env: { ...environment, [SUPERVISED_VARIABLE]: '1', [PREDECESSOR_VARIABLE]: predecessor ?? undefined },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child.on('message', (message: WorkerMessage) => {
      this.silence.heard();
      if (message.kind === 'report') this.report = message;
      else this.failure = message;
    });
    this.exited = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void =>
        resolve({ code, signal, failure: this.failure, livedMs: performance.now() - started });
      this.child.once('exit', ended);
      this.child.once('error', () => ended(null, null));
    });
  }

  get pid(): number | null {
    return this.child.pid ?? null;
  }

  terminate(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.child.kill(signal);
  }
}
