import { steps } from './input-scale.js';

/**
 * Brings an error to [0, 1), rising all the way and nowhere flat: e / (e + m) up to m, where it is 1/2; beyond, the
 * distance from 1 shrinks with the logarithm of the error only, so that errors of 10^6 and of 10^7 are still told apart
 * (as e / (e + m) they would come too near to 1 for a threshold that people can read). Both parts have the same slope
 * at m.
 * @param error at least 0, finite
 * @param middle above 0
 */
export function scoreOf(error: number, middle: number): number {
  if (error <= middle) return error / (error + middle);
  return 1 - 1 / (2 + steps(Math.min(error / middle, Number.MAX_VALUE)));
}
