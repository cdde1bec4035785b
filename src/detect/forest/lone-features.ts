import type { ForestArrays } from './forest-arrays.js';

/** For each feature, how much knowing a row's value of it alone shortens the path that is to be expected. */
export interface LoneFeatures {
  /** Path length, summed over the trees; negative where the value makes the path longer. */
  shortened(feature: number, value: number): number;
  /**
   * How far a value lies beyond the outermost thresholds of its feature, in the mean distance of the thresholds from
   * their median; 0 between them. To the forest itself all values out there are alike.
   */
  beyond(feature: number, value: number): number;
}

/** More than this far out is all the same. */
const BEYOND_MAX = 1e6;

/**
 * The expectation is over the training points that reached the nodes, as in path-dependent TreeSHAP (Lundberg et al.,
 * "From local explanations to global understanding with explainable AI for trees", 2020, algorithm 1 for a set of one
 * feature). It is a step function of the value, made here once from all nodes: a row then costs one binary search per
 * feature.
 */
export function loneFeatures(forest: ForestArrays, width: number): LoneFeatures {
  const steps = Array.from({ length: width }, (): Step[] => []);
  const thresholds = Array.from({ length: width }, (): number[] => []);
  addSteps(forest, steps, thresholds);
  const functions = steps.map(stepFunction);
  const spans = thresholds.map(spanOf);
  return {
    shortened: (feature, value) => {
      const { from, height } = functions[feature] as StepFunction;
      let low = 0;
      let high = from.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((from[middle] as number) <= value) low = middle + 1;
        else high = middle;
      }
      return low === 0 ? 0 : (height[low - 1] as number);
    },
    beyond: (feature, value) => {
      const { lowest, highest, spread } = spans[feature] as Span;
      const excess = Math.max(0, value - highest, lowest - value);
      return excess === 0 || spread === 0 ? 0 : Math.min(BEYOND_MAX, excess / spread);
    },
  };
}

/** The function rises by this much at a value. */
interface Step {
  readonly at: number;
  readonly rise: number;
}

function addSteps(forest: ForestArrays, steps: readonly Step[][], thresholds: readonly number[][]): void {
  const { feature, threshold, left, path, size, root } = forest;
  const mean = meanPaths(forest);
  const width = steps.length;
  // Of the way down to the node at hand: what each feature's value is then known to be, and how much likelier it is
  // to come here when the value is known.
  const low = new Float64Array(width).fill(-Infinity);
  const high = new Float64Array(width).fill(Infinity);
  const likelier = new Float64Array(width).fill(1);
  for (const start of root) visit(start, 1);

  function visit(node: number, reached: number): void {
    const below = left[node] as number;
    if (below === node) return;
    const f = feature[node] as number;
    const t = threshold[node] as number;
    const [lowest, highest, likely] = [low[f] as number, high[f] as number, likelier[f] as number];
    const toLeft = reached * likely * ((mean[node] as number) - (mean[below] as number));
    const toRight = reached * likely * ((mean[node] as number) - (mean[below + 1] as number));
    (thresholds[f] as number[]).push(t);
    (steps[f] as Step[]).push(
      { at: lowest, rise: toLeft },
      { at: t, rise: toRight - toLeft },
      { at: highest, rise: -toRight },
    );
    const share = shareOf(below, node);
    high[f] = t;
    likelier[f] = share > 0 ? likely / share : 0;
    visit(below, reached * share);
    high[f] = highest;
    low[f] = t;
    likelier[f] = share < 1 ? likely / (1 - share) : 0;
    visit(below + 1, reached * (1 - share));
    low[f] = lowest;
    likelier[f] = likely;
  }

  function meanPaths({ left: children }: ForestArrays): Float64Array {
    const means = path.slice();
    // Children stand behind their parents.
    for (let node = children.length - 1; node >= 0; node--) {
      const below = children[node] as number;
      if (below === node) continue;
      const share = shareOf(below, node);
      means[node] = share * (means[below] as number) + (1 - share) * (means[below + 1] as number);
    }
    return means;
  }

  function shareOf(child: number, parent: number): number {
    return (size[parent] as number) > 0 ? (size[child] as number) / (size[parent] as number) : 0;
  }
}

/** Sorted; `height` from `from` on, 0 before the first. */
interface StepFunction {
  readonly from: Float64Array;
  readonly height: Float64Array;
}

function stepFunction(steps: readonly Step[]): StepFunction {
  const sorted = [...steps].sort((a, b) => (a.at === b.at ? 0 : a.at - b.at));
  const height = new Float64Array(sorted.length);
  let sum = 0;
  sorted.forEach(({ rise }, i) => (height[i] = sum += rise));
  return { from: Float64Array.from(sorted, ({ at }) => at), height };
}

interface Span {
  readonly lowest: number;
  readonly highest: number;
  /** Mean distance from the median. 0 where there is none that a double can hold. */
  readonly spread: number;
}

function spanOf(thresholds: readonly number[]): Span {
  const sorted = Float64Array.from(thresholds).sort();
  const median = sorted[sorted.length >>> 1] ?? 0;
  const spread = sorted.reduce((sum, t) => sum + Math.abs(t - median), 0) / sorted.length;
  return {
    lowest: sorted[0] ?? -Infinity,
    highest: sorted[sorted.length - 1] ?? Infinity,
    spread: Number.isFinite(spread) ? spread : 0,
  };
}
