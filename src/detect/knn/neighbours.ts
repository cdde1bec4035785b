/** Distances are sums over the features: of absolute differences, or of their squares (the root is taken at the end). */
export type Metric = 'manhattan' | 'euclidean';

/** Features that are added up before the distance is held against the farthest neighbour so far. */
const STRIDE = 8;

/**
 * Finds the nearest rows of a reference, exactly. The reference is sorted by the distance to one pivot; by the
 * triangle inequality a row whose distance to the pivot differs from the query's by more than the farthest neighbour
 * so far cannot be nearer than it, nor can any behind it. A sum that exceeds it is not finished.
 */
export class Neighbours {
  /** Distances to the nearest rows of the last query, smallest first. */
  readonly distances: Float64Array;
  /** Where those rows stand in `reference`. */
  readonly places: Int32Array;
  private found = 0;

  /**
   * @param reference rows × width, scaled, sorted by `toPivot`
   * @param toPivot distance of each row to the pivot, ascending
   */
  constructor(
    private readonly reference: Float64Array,
    private readonly toPivot: Float64Array,
    private readonly pivot: Float64Array,
    private readonly metric: Metric,
    readonly count: number,
  ) {
    this.distances = new Float64Array(count);
    this.places = new Int32Array(count);
  }

  /**
   * Hot path: fills `distances` and `places`.
   * @param query from `at` on, `width` numbers, scaled
   * @param except place of a row that does not count, or -1
   */
  find(query: Float64Array, at: number, except: number): void {
    const { toPivot, distances, count } = this;
    const rows = toPivot.length;
    const isEuclidean = this.metric === 'euclidean';
    const own = this.between(query, at, this.pivot, 0, Infinity);
    const ownDistance = isEuclidean ? Math.sqrt(own) : own;
    this.found = 0;
    distances.fill(Infinity);
    let up = lowerBound(toPivot, ownDistance);
    let down = up - 1;
    while (up < rows || down >= 0) {
      const above = up < rows ? (toPivot[up] as number) - ownDistance : Infinity;
      const below = down >= 0 ? ownDistance - (toPivot[down] as number) : Infinity;
      const isUp = down < 0 || (up < rows && above <= below);
      const gap = isUp ? above : below;
      const farthest = distances[count - 1] as number;
      // A little more than the gap itself, for what rounding may have taken away.
      if ((isEuclidean ? gap * gap : gap) * GAP_SHARE > farthest) break;
      const place = isUp ? up++ : down--;
      if (place === except) continue;
      const distance = this.between(query, at, this.reference, place * this.pivot.length, farthest);
      if (distance < farthest || this.found < count) this.insert(distance, place);
    }
    if (isEuclidean) for (let i = 0; i < count; i++) distances[i] = Math.sqrt(distances[i] as number);
  }

  /** Up to the last stride in which it exceeds the limit. */
  private between(a: Float64Array, atA: number, b: Float64Array, atB: number, limit: number): number {
    const width = this.pivot.length;
    let sum = 0;
    let column = 0;
    if (this.metric === 'manhattan') {
      while (column < width) {
        const stop = Math.min(width, column + STRIDE);
        for (; column < stop; column++)
          sum += Math.abs((a[atA + column] as number) - (b[atB + column] as number));
        if (sum > limit) return sum;
      }
      return sum;
    }
    while (column < width) {
      const stop = Math.min(width, column + STRIDE);
      for (; column < stop; column++) {
        const off = (a[atA + column] as number) - (b[atB + column] as number);
        sum += off * off;
      }
      if (sum > limit) return sum;
    }
    return sum;
  }

  private insert(distance: number, place: number): void {
    const { distances, places, count } = this;
    let i = Math.min(this.found, count - 1);
    for (; i > 0 && (distances[i - 1] as number) > distance; i--) {
      distances[i] = distances[i - 1] as number;
      places[i] = places[i - 1] as number;
    }
    distances[i] = distance;
    places[i] = place;
    if (this.found < count) this.found++;
  }
}

const GAP_SHARE = 1 - 1e-9;

/** @returns the first index whose number is not below the wanted one */
function lowerBound(ascending: Float64Array, wanted: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
