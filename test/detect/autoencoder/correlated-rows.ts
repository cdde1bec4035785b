import type { Matrix } from '../../../src/detect/detector.js';
import { seededRandom } from '../../../src/detect/random.js';

/** Rows whose features hang together, each in units of its own. */
export function correlatedRows(
  rows: number,
  width: number,
  seed: number,
  shape: 'linear' | 'curved' | 'clusters' = 'linear',
): Matrix {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const factors = Math.max(2, Math.floor(width / 3));
  const mixing = Array.from({ length: width * factors }, normal);
  const centers = Array.from({ length: 3 * width }, () => 3 * normal());
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const hidden = Array.from({ length: factors }, normal);
    const cluster = Math.floor(random() * 3);
    for (let i = 0; i < width; i++) {
      const mixed = hidden.reduce((sum, h, f) => sum + h * (mixing[i * factors + f] as number), 0);
      const value = {
        linear: mixed,
        curved: i % 2 === 0 ? mixed : Math.sin(mixed) * 2,
        clusters: mixed / 2 + (centers[cluster * width + i] as number),
      }[shape];
      values[row * width + i] = (value + 0.1 * normal()) * 10 ** (i % 5) + i * 1000;
    }
  }
  return { values, rows, width };
}
