/** A process of its own: prints which kernel it took, and the bits of its sums. */
import { fastestKernel } from '../../../src/detect/forest/fastest-kernel.js';
import { flattenForest } from '../../../src/detect/forest/forest-arrays.js';
import { seededRandom } from '../../../src/detect/random.js';
import { EDGE_VALUES, randomTree } from './random-forest.js';

const WIDTH = 5;
const ROWS = 103;

const random = seededRandom(1);
const forest = flattenForest(Array.from({ length: 20 }, () => randomTree(random, WIDTH, 8, EDGE_VALUES)));
const values = Float64Array.from(
  { length: ROWS * WIDTH },
  () => EDGE_VALUES[Math.floor(random() * EDGE_VALUES.length)] as number,
);
const sums = new Float64Array(ROWS);
const kernel = fastestKernel(forest, WIDTH);
kernel.sum(values, ROWS, sums);
process.stdout.write(JSON.stringify({ kernel: kernel.name, sums: Buffer.from(sums.buffer).toString('hex') }));
