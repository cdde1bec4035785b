import { setTimeout as delay } from 'node:timers/promises';
import { CONCURRENT_WAIT_FIRST_MS, CONCURRENT_WAIT_MAX_MS } from './time-outs.js';
import { protocolErrorOf, translateError } from './translate-errors.js';

/** The coordinator is still closing the last transaction and has done nothing: the one definite error of a commit. */
const CLOSING: ReadonlySet<string> = new Set(['CONCURRENT_TRANSACTIONS']);

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
  const deadline = performance.now() + CONCURRENT_WAIT_MAX_MS;
  for (let waitMs = CONCURRENT_WAIT_FIRST_MS; ; waitMs = Math.min(waitMs * 1.5, 100)) {
    try {
      return await run();
    } catch (error) {
      if (!passing.has(protocolErrorOf(error) ?? '') || performance.now() > deadline)
        throw translateError(error, doing);
      await delay(waitMs);
    }
  }
}
