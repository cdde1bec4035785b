import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/package-root.js';

/** scikit-learn on one thread, in a process of its own that waits between two measurements. */
export interface Scikit extends AsyncDisposable {
  readonly version: string;
  /** @returns nanoseconds of processor time for `rows` rows in batches of `batch`, its best pass of three */
  measure(batch: number, rows: number): Promise<number>;
}

export async function startScikit(python: string, input: string): Promise<Scikit> {
  const child = spawn(python, [join(packageRoot(), 'bench', 'kernel', 'scikit.py'), input], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
      MKL_NUM_THREADS: '1',
      LOKY_MAX_CPU_COUNT: '1',
    },
  });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done === true) throw new Error('scikit.py ended early');
    return next.value;
  };
  return {
    version: await line(),
    measure: async (batch, rows) => {
      child.stdin.write(`${batch} ${rows}\n`);
      return Number(await line());
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
