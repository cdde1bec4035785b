import type { Detector, DetectorKind, Matrix, Trained } from '../../src/detect/detector.js';
import { seededRandom } from '../../src/detect/random.js';

/** Independent standard normal numbers. */
export function normalSource(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function gaussian(rows: number, width: number, seed = 1): Matrix {
  return { values: Float64Array.from({ length: rows * width }, normalSource(seed)), rows, width };
}

/** Normal rows whose features share a factor, so that any two correlate by `correlation`, in units of their own. */
export function correlated(rows: number, width: number, correlation: number, seed = 1): Matrix {
  const normal = normalSource(seed);
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const common = normal() * Math.sqrt(correlation);
    for (let i = 0; i < width; i++)
      values[row * width + i] = (common + normal() * Math.sqrt(1 - correlation)) * 10 ** i + 100 * i;
  }
  return { values, rows, width };
}

export async function trainOn(
  kind: DetectorKind,
  data: Matrix,
  configured: Readonly<Record<string, unknown>> = {},
): Promise<{ trained: Trained; detector: Detector }> {
  const options = kind.options.parse(configured);
  const { signal } = new AbortController();
  if (kind.train === null) throw new TypeError(`${kind.type} is not trained`);
  const trained = await kind.train({ data, options, imported: null }, signal);
  const features = Array.from({ length: data.width }, (_, i) => `f${i}`);
  return { trained, detector: await kind.create(options, features, trained) };
}

export async function scoresOf(detector: Detector, { values, rows }: Matrix): Promise<Float64Array> {
  const scores = new Float64Array(rows);
  await detector.score(values, rows, scores);
  return scores;
}

export const oneRow = (...values: number[]): Matrix => ({
  values: Float64Array.from(values),
  rows: 1,
  width: values.length,
});
