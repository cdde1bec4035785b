import { type Matrix, type ModelArrays, TrainingFault } from '../detector.js';
import { trainInThread } from '../training-thread.js';
import type { ForestTask } from './forest-thread.js';

/** Most numbers in the hyperplanes' normals of an extended forest (128 MiB; their intercepts take the same). */
const NORMALS_MAX = 16 * 1024 * 1024;

/**
 * Trains in a thread of its own.
 * @returns the arrays of ForestArrays, `psi`, and for an extended forest `normal` and `intercept`
 * @throws TrainingFault when an extended forest would be too large
 */
export async function trainForest(
  data: Matrix,
  options: Omit<ForestTask, 'data'>,
  signal: AbortSignal,
): Promise<ModelArrays> {
  const psi = Math.min(options.sampleSize, data.rows);
  if (options.extended && options.trees * (psi - 1) * data.width > NORMALS_MAX)
    throw new TrainingFault(
      `an extended forest of ${options.trees} trees of ${psi} rows with ${data.width} features is too large: ` +
        `trees × (sampleSize − 1) × features is at most ${NORMALS_MAX}`,
    );
  const task: ForestTask = { ...options, data };
  const arrays = await trainInThread<ModelArrays>(
    new URL('./forest-thread.js', import.meta.url),
    task,
    signal,
  );
  return { ...arrays, psi: Int32Array.of(psi) };
}
