import { Worker } from 'node:worker_threads';

/**
 * Runs a training in a thread of its own, so that the event loop turns while it works.
 * @param script of a thread that answers its `workerData` with one message
 * @param task handed over as `workerData`: a copy
 * @throws the signal's reason as soon as it is aborted, the thread then being ended; what the thread throws
 */
export async function trainInThread<Learnt>(
  script: URL,
  task: unknown,
  signal: AbortSignal,
): Promise<Learnt> {
  signal.throwIfAborted();
  const thread = new Worker(script, { workerData: task });
  const stop = (): void => void thread.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Learnt>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () =>
        reject(signal.aborted ? (signal.reason as Error) : new Error('the training thread ended early')),
      );
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await thread.terminate();
  }
}
