import { type StandardScale, applyScale } from '../standard-scale.js';
import type { Detector, Explanation } from '../detector.js';
import { toShares } from '../shares.js';
import { unitScore } from '../unit-score.js';
import type { Metric, Neighbours } from './neighbours.js';

interface KnnFacts {
  readonly metric: Metric;
  /** The mean of the distances to the neighbours, not the largest. */
  readonly isMean: boolean;
  /** Distance that scores 0.5. */
  readonly typical: number;
}

export class KnnDetector implements Detector {
  private readonly query: Float64Array;

  constructor(
    private readonly columns: StandardScale,
    /** Scaled. */
    private readonly reference: Float64Array,
    private readonly neighbours: Neighbours,
    private readonly facts: KnnFacts,
  ) {
    this.query = new Float64Array(columns.center.length);
  }

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    const width = this.query.length;
    for (let row = 0; row < rows; row++)
      scores[row] = unitScore(this.distance(values, row * width, -1), this.facts.typical);
  }

  /**
   * Leaves the neighbours where they can be asked for.
   * @param at where the row begins
   * @param except place of a row of the reference that does not count, or -1
   */
  distance(values: Float64Array, at: number, except: number): number {
    const { query, neighbours } = this;
    applyScale(this.columns, values.subarray(at, at + query.length), 1, query);
    neighbours.find(query, 0, except);
    const { distances, count } = neighbours;
    if (!this.facts.isMean) return distances[count - 1] as number;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += distances[i] as number;
    return sum / count;
  }

  /**
   * A distance is a sum over the features: each one's part of it, added up over the neighbours that count. Expected is
   * the range of the neighbours.
   */
  explain(values: Float64Array, rows: number): Explanation {
    const width = this.query.length;
    const contributions = new Float64Array(rows * width);
    const low = new Float64Array(rows * width).fill(Infinity);
    const high = new Float64Array(rows * width).fill(-Infinity);
    for (let row = 0; row < rows; row++) {
      const base = row * width;
      this.distance(values, base, -1);
      const parts = contributions.subarray(base, base + width);
      const { places, count } = this.neighbours;
      for (let i = this.facts.isMean ? 0 : count - 1; i < count; i++)
        this.addParts(places[i] as number, parts);
      for (let i = 0; i < count; i++) this.widen(places[i] as number, base, low, high);
      toShares(parts);
    }
    return { contributions, expected: { low, high } };
  }

  private addParts(place: number, parts: Float64Array): void {
    const { query, reference } = this;
    for (let column = 0; column < parts.length; column++) {
      const off = Math.min(
        LARGEST_PART,
        Math.abs((query[column] as number) - (reference[place * parts.length + column] as number)),
      );
      parts[column] = (parts[column] as number) + (this.facts.metric === 'manhattan' ? off : off * off);
    }
  }

  private widen(place: number, base: number, low: Float64Array, high: Float64Array): void {
    const { center, scale } = this.columns;
    for (let column = 0; column < center.length; column++) {
      const scaled = this.reference[place * center.length + column] as number;
      const value = scaled * (scale[column] as number) + (center[column] as number);
      const at = base + column;
      low[at] = Math.min(low[at] as number, value);
      high[at] = Math.max(high[at] as number, value);
    }
  }
}

/** Its square, a thousand times, is finite. */
const LARGEST_PART = 1e150;
