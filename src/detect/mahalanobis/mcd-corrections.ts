import { chiSquareCdf, chiSquareQuantile } from './chi-square.js';

/**
 * What the covariance of the nearest `share` of normal rows is multiplied with to be that of all: Croux, Haesbroeck
 * 1999, equation 4.2; Pison, Van Aelst, Willems, "Small sample corrections for LTS and MCD" (Metrika 2002), section 3.
 * @param share in (0, 1]
 */
export function consistencyFactor(width: number, share: number): number {
  return share >= 1 ? 1 : share / chiSquareCdf(chiSquareQuantile(share, width), width + 2);
}

/** Coefficients of one share of rows: η and κ at q = 2 and 3 for more than two features, γ and δ for one and two. */
interface Coefficients {
  readonly many: readonly (readonly [q: number, eta: number, kappa: number])[];
  readonly few: readonly (readonly [gamma: number, delta: number])[];
}

/** Pison et al. 2002, as published and as robustbase has them: of 0.5 and of 0.875 of the rows. */
const RAW: readonly [Coefficients, Coefficients] = [
  {
    many: [
      [2, 1.42764571687802, 1.26263336932151],
      [3, 1.06141115981725, 1.28907991440387],
    ],
    few: [
      [0.262024211897096, 0.604756680630497],
      [0.673292623522027, 0.691365864961895],
    ],
  },
  {
    many: [
      [2, 0.455179464070565, 1.11192541278794],
      [3, 0.294241208320834, 1.09649329149811],
    ],
    few: [
      [-0.351584646688712, 1.01646567502486],
      [0.446537815635445, 1.06690782995919],
    ],
  },
];
const REWEIGHTED: readonly [Coefficients, Coefficients] = [
  {
    many: [
      [2, 1.02842572724793, 1.67659883081926],
      [3, 0.26800273450853, 1.35968562893582],
    ],
    few: [
      [1.11098143415027, 1.5182890270453],
      [3.11101712909049, 1.91401056721863],
    ],
  },
  {
    many: [
      [2, 0.544482443573914, 1.25994483222292],
      [3, 0.343791072183285, 1.25159004257133],
    ],
    few: [
      [-0.66046776772861, 0.88939595831888],
      [0.79473550581058, 1.10081930350091],
    ],
  },
];

/**
 * What the consistent covariance of few rows is multiplied with besides: Pison et al. 2002, sections 4 and 5, with
 * straight lines between the shares 0.5, 0.875 and 1.
 * @param share of the rows in the raw subset, in [0.5, 1]
 */
export function smallSampleFactor(
  width: number,
  rows: number,
  share: number,
  step: 'raw' | 'reweighted',
): number {
  const [half, most] = step === 'raw' ? RAW : REWEIGHTED;
  const atHalf = shrinkage(half, width, rows);
  const atMost = shrinkage(most, width, rows);
  const between =
    share <= 0.875
      ? atHalf + ((atMost - atHalf) * (share - 0.5)) / 0.375
      : atMost + ((1 - atMost) * (share - 0.875)) / 0.125;
  return 1 / between;
}

/** How much too small the covariance is, in (0, 1): 1 − e^γ / n^δ. */
function shrinkage({ many, few }: Coefficients, width: number, rows: number): number {
  let [gamma, delta] = few[width - 1] ?? [0, 0];
  if (width > 2) {
    // γ and δ go through the two points 1 − e^γ / (q p²)^δ = 1 − η / p^κ.
    const [[x1, y1], [x2, y2]] = many.map(([q, eta, kappa]) => [
      Math.log(q * width * width),
      Math.log(eta / width ** kappa),
    ]) as [[number, number], [number, number]];
    delta = (y1 - y2) / (x2 - x1);
    gamma = y1 + delta * x1;
  }
  // Far below the rows that they were simulated with the formula leaves the range where it means anything.
  return Math.max(0.1, 1 - Math.exp(gamma) / rows ** delta);
}
