import type { Detector, Explanation } from '../detector.js';
import { toShares } from '../shares.js';
import { type RawScale, boundedScore } from './bounded-score.js';
import { type OpenModel, rawScores, reconstruct, requestRows } from './open-model.js';

export class OnnxDetector implements Detector {
  constructor(
    private readonly model: OpenModel,
    private readonly scale: RawScale,
  ) {}

  async score(values: Float64Array, rows: number, scores: Float64Array): Promise<void> {
    const { width } = this.model.plan;
    const step = requestRows(this.model.plan);
    for (let from = 0; from < rows; from += step) {
      const count = Math.min(step, rows - from);
      const raws = await rawScores(this.model, values.subarray(from * width, (from + count) * width), count);
      for (let i = 0; i < count; i++) scores[from + i] = boundedScore(raws[i] as number, this.scale);
    }
  }

  /**
   * Of a reconstruction the shares of the squared error, and the reconstruction is what was expected. Of a score: how
   * much it falls when one feature is replaced by the training rows' median, the others as they are; a feature whose
   * replacement makes the row stranger counts as 0.
   */
  async explain(values: Float64Array, rows: number): Promise<Explanation> {
    const { plan, reading } = this.model;
    const { width } = plan;
    const contributions = new Float64Array(rows * width);
    const expected = reading.reconstruction ? new Float64Array(rows * width) : null;
    const step = Math.max(1, Math.floor(requestRows(plan) / (width + 1)));
    for (let from = 0; from < rows; from += step) {
      const count = Math.min(step, rows - from);
      const part = values.subarray(from * width, (from + count) * width);
      if (expected === null) {
        contributions.set(await this.falls(part, count), from * width);
      } else {
        const found = await reconstruct(this.model, part, count);
        contributions.set(found.errors, from * width);
        expected.set(found.expected, from * width);
      }
    }
    for (let row = 0; row < rows; row++) toShares(contributions.subarray(row * width, (row + 1) * width));
    return { contributions, expected: expected === null ? null : { low: expected, high: expected } };
  }

  private async falls(values: Float64Array, rows: number): Promise<Float64Array> {
    const { plan, columns } = this.model;
    const { width } = plan;
    // Each row, and after it the row with one feature replaced, one for each feature.
    const group = width + 1;
    const asked = new Float64Array(rows * group * width);
    for (let row = 0; row < rows; row++) {
      const original = values.subarray(row * width, (row + 1) * width);
      for (let i = 0; i < group; i++) asked.set(original, (row * group + i) * width);
      for (let i = 0; i < width; i++) asked[(row * group + 1 + i) * width + i] = columns.median[i] as number;
    }
    const raws = await rawScores(this.model, asked, rows * group);
    const falls = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const whole = raws[row * group] as number;
      for (let i = 0; i < width; i++)
        falls[row * width + i] = Math.max(0, whole - (raws[row * group + 1 + i] as number));
    }
    return falls;
  }

  /** Ends the model's thread. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.model.session[Symbol.asyncDispose]();
  }
}
