import { CONCURRENT_WAIT_FIRST_MS, CONCURRENT_WAIT_MAX_MS } from './time-outs.js';
import { translated } from './translate-errors.js';
import { type Pace, whilePassing } from './while-passing.js';

/** The coordinator is still closing the last transaction and has done nothing: the one definite error of a commit. */
const CLOSING: ReadonlySet<string> = new Set(['CONCURRENT_TRANSACTIONS']);

const PACE: Pace = {
  firstMs: CONCURRENT_WAIT_FIRST_MS,
  factor: 1.5,
  maxMs: 100,
  limitMs: CONCURRENT_WAIT_MAX_MS,
};

/**
 * Tries again while the last transaction is being closed, which kafkajs does not do for AddOffsetsToTxn at all.
 * @param passing the protocol's names of the errors that are tried again; for what is part of a commit no others
 * @throws OutriderError
 */
export async function whenClosed<T>(
  doing: string,
  run: () => Promise<T>,
  passing: ReadonlySet<string> = CLOSING,
): Promise<T> {
  return translated(doing, () => whilePassing(passing, PACE, run));
}
