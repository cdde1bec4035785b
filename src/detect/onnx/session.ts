import { Worker } from 'node:worker_threads';
import { resolveRuntime } from './runtime.js';
import type { ValueInfo } from './runtime.js';
import type { OutputValues, RunPlan, RunRequest, SessionTask, ThreadMessage } from './session-thread.js';

/** The runtime does not take the model, or does not start on this machine. */
export class SessionFault extends Error {}

interface Pending {
  resolve(outputs: readonly OutputValues[]): void;
  reject(error: Error): void;
}

/** A thread with an open session. */
interface OpenThread {
  readonly worker: Worker;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly pending: Map<number, Pending>;
}

/**
 * A model that is open in a thread of its own. All partitions share it; requests are answered in their order. The
 * thread keeps the process alive only while something is asked of it; one that dies takes the requests it had with it
 * and is started again by the next.
 */
export class OnnxSession implements AsyncDisposable {
  private thread: Promise<OpenThread> | null = null;
  private isClosed = false;
  private nextId = 0;

  private constructor(private readonly task: SessionTask) {}

  /**
   * @param threads of the runtime, for one run
   * @returns the session, with what the model declares
   * @throws UnusableFileError when onnxruntime-node is not installed
   * @throws SessionFault when it does not take the model
   */
  static async open(
    bytes: Uint8Array,
    threads: number,
  ): Promise<{ session: OnnxSession; inputs: readonly ValueInfo[]; outputs: readonly ValueInfo[] }> {
    const session = new OnnxSession({ runtime: resolveRuntime(), bytes, threads });
    const { inputs, outputs } = await session.opened();
    return { session, inputs, outputs };
  }

  /**
   * @param values row-major, rows × width, at least one row; copied
   * @returns one for each name
   * @throws Error when the model fails on a row, with the runtime's words
   */
  async run(
    plan: RunPlan,
    outputs: readonly string[],
    values: Float64Array,
    rows: number,
  ): Promise<readonly OutputValues[]> {
    if (this.isClosed) throw new Error('the session is closed');
    const { worker, pending } = await this.opened();
    const id = this.nextId++;
    const request: RunRequest = { ...plan, id, outputs, rows, values: values.slice(0, rows * plan.width) };
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage(request, [request.values.buffer as ArrayBuffer]);
    });
  }

  private opened(): Promise<OpenThread> {
    return (this.thread ??= openThread(this.task, () => (this.thread = null)));
  }

  /** What was asked is answered first. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.thread === null) return;
    const { worker, pending } = await this.thread;
    // One of those that wait, so that the process does not end before the thread has.
    const ended = new Promise<void>((resolve) => {
      const done = (): void => resolve();
      pending.set(this.nextId++, { resolve: done, reject: done });
    });
    worker.ref();
    worker.postMessage('release');
    await ended;
  }
}

/** @param onEnd called before the requests that the thread had are rejected */
function openThread(task: SessionTask, onEnd: () => void): Promise<OpenThread> {
  const worker = new Worker(new URL('./session-thread.js', import.meta.url), { workerData: task });
  const pending = new Map<number, Pending>();
  return new Promise((resolve, reject) => {
    let why = 'the thread of the model ended';
    worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'open') {
        worker.unref();
        resolve({ worker, inputs: message.inputs, outputs: message.outputs, pending });
        return;
      }
      if (message.kind === 'unusable') {
        reject(new SessionFault(message.message));
        void worker.terminate();
        return;
      }
      const asked = pending.get(message.id);
      pending.delete(message.id);
      if (pending.size === 0) worker.unref();
      if (message.kind === 'ran') asked?.resolve(message.outputs);
      else asked?.reject(new Error(`the model fails: ${message.message}`));
    });
    worker.once('error', (error) => (why += `: ${error.message}`));
    worker.once('exit', () => {
      onEnd();
      reject(new SessionFault(why));
      for (const asked of pending.values()) asked.reject(new Error(why));
      pending.clear();
    });
  });
}
