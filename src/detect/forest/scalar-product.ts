/**
 * Hot path: Σ a[atA + i] × b[atB + i] for i below `length`. Four sums side by side, so that an addition does not wait
 * for the one before. Training and scoring use this one, so that they round alike.
 */
export function scalarProduct(
  a: Float64Array,
  atA: number,
  b: Float64Array,
  atB: number,
  length: number,
): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    sum0 += (a[atA + i] as number) * (b[atB + i] as number);
    sum1 += (a[atA + i + 1] as number) * (b[atB + i + 1] as number);
    sum2 += (a[atA + i + 2] as number) * (b[atB + i + 2] as number);
    sum3 += (a[atA + i + 3] as number) * (b[atB + i + 3] as number);
  }
  for (; i < length; i++) sum0 += (a[atA + i] as number) * (b[atB + i] as number);
  return sum0 + sum1 + (sum2 + sum3);
}
