/** P(X <= x) of the chi-square distribution: the regularised incomplete gamma function P(k/2, x/2). */
export function chiSquareCdf(x: number, degrees: number): number {
  if (x <= 0) return 0;
  return x < degrees + 2 ? series(degrees / 2, x / 2) : 1 - continuedFraction(degrees / 2, x / 2);
}

/** The x that a share of the distribution is below. @param share in [0, 1) */
export function chiSquareQuantile(share: number, degrees: number): number {
  let low = 0;
  let high = degrees;
  while (chiSquareCdf(high, degrees) < share) high *= 2;
  // Halving until the doubles meet: it is done a few times in a training.
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (chiSquareCdf(middle, degrees) < share) low = middle;
    else high = middle;
  }
}

/** Abramowitz, Stegun 6.5.29. */
function series(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; Math.abs(term) > sum * 1e-17; n++) sum += term *= x / (a + n);
  return sum * Math.exp(a * Math.log(x) - x - logGamma(a));
}

/** The upper part, Abramowitz, Stegun 6.5.31, by Lentz's method. */
function continuedFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1, delta = 0; Math.abs(delta - 1) > 1e-16 && n < 100_000; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    delta = c * d;
    fraction *= delta;
  }
  return fraction * Math.exp(a * Math.log(x) - x - logGamma(a));
}

/** log Γ(a) by Stirling's series, after moving a above 16, where it gives 15 digits. @param a above 0 */
function logGamma(a: number): number {
  let shift = 0;
  let z = a;
  for (; z < 16; z++) shift += Math.log(z);
  const inverse = 1 / (z * z);
  const tail =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + tail - shift;
}
