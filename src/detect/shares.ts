/**
 * Turns a row of weights into shares of 1, in place; where all are 0 each gets the same.
 * @param weights non-negative, finite
 */
export function toShares(weights: Float64Array): void {
  // Divided by the largest first: the sum of large ones would be infinite.
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, weights[i] as number);
  if (largest === 0) {
    weights.fill(1 / weights.length);
    return;
  }
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] = (weights[i] as number) / largest;
  for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) / sum;
}
