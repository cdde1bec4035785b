import type { Detector, Explanation } from '../detector.js';
import { toShares } from '../shares.js';
import { unscaled } from './input-scale.js';
import { Reconstruction, type Reconstructor } from './reconstruction.js';
import { scoreOf } from './score-scale.js';

export interface TrainedAutoencoder extends Reconstructor {
  /** Root mean square of each feature's error on the training rows, in units; above 0. */
  readonly spread: Float64Array;
  /** How far a feature is from its reconstruction in 99 of 100 training rows, in units. */
  readonly band: Float64Array;
  /** The error of a row that scores 1/2. */
  readonly middle: number;
}

/** A part of an error beyond this, in spreads, counts as this: its square stays finite. */
const PART_MAX = 1e150;

/**
 * Scores rows by how badly networks rebuild them: the root mean square, over features and networks, of the errors in
 * spreads.
 */
export class AutoencoderDetector implements Detector {
  private readonly reconstruction: Reconstruction;

  constructor(
    private readonly trained: TrainedAutoencoder,
    private readonly width: number,
  ) {
    this.reconstruction = new Reconstruction(trained, width);
  }

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    const { middle } = this.trained;
    this.reconstruction.forEach(values, rows, (row) => {
      scores[row] = scoreOf(this.rowError(), middle);
    });
  }

  /** The errors that `score` brings to [0, 1). */
  errors(values: Float64Array, rows: number): Float64Array {
    const errors = new Float64Array(rows);
    this.reconstruction.forEach(values, rows, (row) => {
      errors[row] = this.rowError();
    });
    return errors;
  }

  /**
   * A feature's share is that of its squared errors in the row's; the expected range is the networks' mean
   * reconstruction, and around it what holds 99 of 100 training rows.
   */
  explain(values: Float64Array, rows: number): Explanation {
    const { width, trained } = this;
    const { units, rebuilt } = this.reconstruction;
    const { networks, scale, band } = trained;
    const contributions = new Float64Array(rows * width);
    const low = new Float64Array(rows * width);
    const high = new Float64Array(rows * width);
    this.reconstruction.forEach(values, rows, (row) => {
      const at = row * width;
      for (let column = 0; column < width; column++) {
        let squares = 0;
        let mean = 0;
        for (let n = 0; n < networks.length; n++) {
          const output = rebuilt[n * width + column] as number;
          const part = this.part(units[column] as number, output, column);
          squares += part * part;
          mean += output / networks.length;
        }
        contributions[at + column] = squares;
        low[at + column] = unscaled(scale, column, mean - (band[column] as number));
        high[at + column] = unscaled(scale, column, mean + (band[column] as number));
      }
      toShares(contributions.subarray(at, at + width));
    });
    return { contributions, expected: { low, high } };
  }

  /** Hot path. */
  private rowError(): number {
    const { width } = this;
    const { units, rebuilt } = this.reconstruction;
    let squares = 0;
    for (let n = 0; n < rebuilt.length; n += width) {
      for (let column = 0; column < width; column++) {
        const part = this.part(units[column] as number, rebuilt[n + column] as number, column);
        squares += part * part;
      }
    }
    return Math.sqrt(squares / rebuilt.length);
  }

  /** A feature's error in spreads. */
  private part(units: number, rebuilt: number, column: number): number {
    const part = Math.abs(units - rebuilt) / (this.trained.spread[column] as number);
    return part > PART_MAX ? PART_MAX : part;
  }
}
