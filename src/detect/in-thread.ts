import { Worker } from 'node:worker_threads';

/**
 * Runs a file that answers with one message in a thread of its own, which ends then, or with the signal.
 * @param task what the file finds as `workerData`
 * @throws what the file throws, or the signal's reason
 */
export async function inThread<Answer>(file: URL, task: object, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const thread = new Worker(file, { workerData: task });
  const stop = (): void => void thread.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Answer>((resolve, reject) => {
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
