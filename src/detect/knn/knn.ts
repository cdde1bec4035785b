import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { standardScale } from '../standard-scale.js';
import { type DetectorKind, type Learnt, type Matrix, ModelFault, type Trained } from '../detector.js';
import { modelDoubles } from '../model-doubles.js';
import { drawIndices, seededRandom } from '../random.js';
import { typicalDistance } from '../typical-distance.js';
import { unitScore } from '../unit-score.js';
import { KnnDetector } from './knn-detector.js';
import { neighboursIn, sortedReference } from './reference.js';

/** Most numbers in a reference: 32 MiB of them. */
export const REFERENCE_NUMBERS_MAX = 4_194_304;

const options = z.strictObject({
  neighbours: z.number().int().min(1).max(1000).default(5),
  distance: z.enum(['mean', 'farthest']).default('mean'),
  metric: z.enum(['manhattan', 'euclidean']).default('manhattan'),
  referenceRows: z.number().int().min(16).max(262_144).default(4096),
  seed: z.number().int().min(0).max(4_294_967_295).default(0),
});
export type KnnOptions = z.infer<typeof options>;

/**
 * Distance to the nearest rows of a reference that is drawn from the training rows, each feature in units of its
 * standard deviation: to the k-th (Ramaswamy, Rastogi, Shim, SIGMOD 2000), or the mean of the k distances (Angiulli,
 * Pizzuti, PKDD 2002, as "weight"). Manhattan distances keep their contrast where there are many features (Aggarwal,
 * Hinneburg, Keim, ICDT 2001). Score: d / (d + c), c the median distance of the training rows, in [0, 1].
 */
export const knn: DetectorKind = {
  type: 'knn',
  options,
  imports: 'never',
  train: ({ data, options: configured }, signal) => train(data, configured as KnnOptions, signal),
  create: (configured, features, learnt) => detectorOf(configured as KnnOptions, features.length, learnt),
};

async function train(data: Matrix, configured: KnnOptions, signal: AbortSignal): Promise<Trained> {
  const { rows, width } = data;
  const random = seededRandom(configured.seed);
  const room = Math.max(configured.neighbours + 1, Math.floor(REFERENCE_NUMBERS_MAX / width));
  const drawn = drawIndices(rows, Math.min(configured.referenceRows, room), random);
  const columns = standardScale(data);
  const { reference, toPivot, order } = sortedReference(data, columns, drawn, configured.metric);
  const arrays = { ...columns, reference, toPivot, typical: Float64Array.of(1) };
  const detector = detectorOf(configured, width, { arrays });

  // A row of the reference is not its own neighbour.
  const placeOf = new Map([...order].map((row, place) => [row, place]));
  const distances = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    if (row % ROWS_A_TURN === 0) {
      await turn();
      signal.throwIfAborted();
    }
    distances[row] = detector.distance(data.values, row * width, placeOf.get(row) ?? -1);
  }
  const typical = typicalDistance(distances.slice());
  return {
    arrays: { ...arrays, typical: Float64Array.of(typical) },
    trainingScores: distances.map((distance) => unitScore(distance, typical)),
    notes: [
      `the reference has ${drawn.length.toLocaleString('en-US')} of the ${rows.toLocaleString('en-US')} training rows`,
    ],
  };
}

const ROWS_A_TURN = 256;

function detectorOf(
  { neighbours, distance, metric }: KnnOptions,
  width: number,
  { arrays }: Learnt,
): KnnDetector {
  const { toPivot } = arrays;
  if (!(toPivot instanceof Float64Array) || toPivot.length === 0)
    throw new ModelFault('the reference is missing');
  if (!toPivot.every((d, i) => d >= (i === 0 ? 0 : (toPivot[i - 1] as number)) && d < Infinity))
    throw new ModelFault('the reference is not sorted');
  const columns = {
    center: modelDoubles(arrays, 'center', width),
    scale: modelDoubles(arrays, 'scale', width, 'positive'),
  };
  const typical = modelDoubles(arrays, 'typical', 1, 'positive')[0] as number;
  const reference = modelDoubles(arrays, 'reference', toPivot.length * width);
  return new KnnDetector(
    columns,
    reference,
    neighboursIn({ reference, toPivot }, width, metric, neighbours),
    { metric, isMean: distance === 'mean', typical },
  );
}
