import { createHash } from 'node:crypto';
import { seededRandom } from '../../src/detect/random.js';

/** A generator of its own for each purpose: what one draws does not shift what another draws. */
export function randomFor(seed: number, ...purpose: readonly (string | number)[]): () => number {
  const digest = createHash('sha256')
    .update([seed, ...purpose].join('/'))
    .digest();
  return seededRandom(digest.readInt32LE(0));
}
