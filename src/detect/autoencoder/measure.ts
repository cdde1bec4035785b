import type { Matrix } from '../detector.js';
import { AutoencoderDetector, type TrainedAutoencoder } from './autoencoder-detector.js';
import { Reconstruction, type Reconstructor } from './reconstruction.js';

/** Share of the training rows that is within a feature's band, and that scores less than 1/2. */
const WITHIN = 0.99;
/** Most training rows that a band is taken from, evenly spread. */
const BAND_ROWS_MAX = 8192;

/**
 * Measures the errors that networks make on the training rows.
 * @param floor of each feature's spread, in units, above 0: a feature that is rebuilt nearly exactly must not make an
 * outlier of every rounding
 */
export function measureErrors(
  reconstructor: Reconstructor,
  { values, rows, width }: Matrix,
  floor: Float64Array,
): TrainedAutoencoder {
  const reconstruction = new Reconstruction(reconstructor, width);
  const { units, rebuilt } = reconstruction;
  const networks = reconstructor.networks.length;
  const squares = new Float64Array(width);
  const stride = Math.ceil(rows / BAND_ROWS_MAX);
  const sampled = Math.ceil(rows / stride);
  const distances = new Float64Array(width * sampled);
  reconstruction.forEach(values, rows, (row) => {
    for (let column = 0; column < width; column++) {
      let mean = 0;
      for (let n = 0; n < networks; n++) {
        const output = rebuilt[n * width + column] as number;
        const error = (units[column] as number) - output;
        squares[column] = (squares[column] as number) + (error * error) / networks;
        mean += output / networks;
      }
      if (row % stride === 0)
        distances[column * sampled + row / stride] = Math.abs((units[column] as number) - mean);
    }
  });
  const spread = squares.map((sum, column) => Math.max(Math.sqrt(sum / rows), floor[column] as number));
  const band = new Float64Array(width);
  for (let column = 0; column < width; column++)
    band[column] = quantile(distances.subarray(column * sampled, (column + 1) * sampled));
  const measured = { ...reconstructor, spread, band, middle: 1 };
  const middle = quantile(new AutoencoderDetector(measured, width).errors(values, rows));
  return { ...measured, middle: middle === 0 ? 1 : middle };
}

function quantile(numbers: Float64Array): number {
  return numbers.slice().sort()[Math.floor(WITHIN * (numbers.length - 1))] as number;
}
