/** Most distinct values of a feature that are kept. */
export const SKETCH_POINTS_MAX = 4096;

/**
 * The empirical distribution of a feature: values in rising order, and how many training rows are at most, and at least
 * as large. Of more than SKETCH_POINTS_MAX distinct values the outer quarters are the lowest and highest there are,
 * which makes both tails exact, and the rest are spread evenly over the rows between.
 */
export interface TailSketch {
  readonly points: Float64Array;
  readonly atMost: Float64Array;
  readonly atLeast: Float64Array;
  /** Scale of the exponential tail below the lowest and above the highest value, above 0. */
  readonly reach: readonly [number, number];
}

/** @param sorted a feature's training values in rising order, at least one */
export function tailSketch(sorted: Float64Array): TailSketch {
  const starts = distinctStarts(sorted);
  const kept = starts.length <= SKETCH_POINTS_MAX ? starts.map((_, i) => i) : thinned(starts, sorted.length);
  const rows = sorted.length;
  return {
    points: Float64Array.from(kept, (i) => sorted[starts[i] as number] as number),
    atMost: Float64Array.from(kept, (i) => starts[i + 1] ?? rows),
    atLeast: Float64Array.from(kept, (i) => rows - (starts[i] as number)),
    reach: [meanExcess(sorted, (i) => i), meanExcess(sorted, (i) => rows - 1 - i)],
  };
}

/** Where each distinct value begins. */
function distinctStarts(sorted: Float64Array): Int32Array {
  const starts: number[] = [];
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) starts.push(i);
  return Int32Array.from(starts);
}

/** Which of the distinct values are kept. */
function thinned(starts: Int32Array, rows: number): Int32Array {
  const outer = SKETCH_POINTS_MAX / 4;
  const middle = SKETCH_POINTS_MAX - 2 * outer;
  const last = starts.length - outer;
  const kept = [...starts.keys()].slice(0, outer);
  const from = starts[outer] as number;
  const to = starts[last] ?? rows;
  let next = outer;
  for (let i = 0; i < middle && next < last; i++) {
    // Each place takes the first distinct value from its share of the rows on, and at least one further.
    const row = from + ((to - from) * i) / middle;
    while (next < last - 1 && (starts[next] as number) < row) next++;
    kept.push(next++);
  }
  for (let i = last; i < starts.length; i++) kept.push(i);
  return Int32Array.from(kept);
}

/**
 * Mean distance of the √n outermost values from the next one: the likeliest scale of an exponential tail. Where they are
 * all the same twice as many are asked; a constant has a thousandth of its value.
 */
function meanExcess(sorted: Float64Array, at: (place: number) => number): number {
  const rows = sorted.length;
  for (let k = Math.ceil(Math.sqrt(rows)); ; k *= 2) {
    const count = Math.min(k, rows - 1);
    const inner = sorted[at(count)] as number;
    let mean = 0;
    for (let i = 0; i < count; i++) mean += Math.abs((sorted[at(i)] as number) / count - inner / count);
    if (mean > 0) return Math.min(mean, Number.MAX_VALUE);
    if (count === rows - 1) return inner === 0 ? 1e-3 : Math.max(Math.abs(inner) * 1e-3, Number.MIN_VALUE);
  }
}
