import { z } from 'zod';
import { type DetectorKind, ModelFault } from './detector.js';
import { PSI_MAX } from './forest/checked-forest.js';
import { extendedForest } from './forest/extended-forest.js';
import { plainForest } from './forest/plain-forest.js';
import { trainForest } from './forest/train-forest.js';

const options = z.strictObject({
  trees: z.number().int().min(1).max(10_000).default(100),
  sampleSize: z.number().int().min(2).max(PSI_MAX).default(256),
  seed: z.number().int().min(0).max(4_294_967_295).default(0),
  extended: z.boolean().default(false),
});
type Options = z.infer<typeof options>;

/**
 * Isolation forest: Liu, Ting, Zhou, "Isolation Forest" (ICDM 2008); `extended`: Hariri, Kind, Brunner, "Extended
 * Isolation Forest" (IEEE TKDE 2019). Score: 2^(−E[h(x)] / c(ψ)), in (0, 1]. Trained in a thread of its own;
 * reproducible for a seed.
 */
export const isolationForest: DetectorKind = {
  type: 'isolation-forest',
  options,
  imports: 'never',
  train: async ({ data, options: configured }, signal) => ({
    arrays: await trainForest(data, configured as Options, signal),
  }),
  create: (configured, features, { arrays }) => {
    const extended = configured.extended === true;
    if (extended !== 'normal' in arrays)
      throw new ModelFault(
        `the model was trained with extended: ${String(!extended)}, the configuration says ${String(extended)}; train it again`,
      );
    return (extended ? extendedForest : plainForest)(arrays, features.length);
  },
};
