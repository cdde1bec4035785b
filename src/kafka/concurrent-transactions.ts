import { setTimeout as delay } from 'node:timers/promises';
import { CONCURRENT_WAIT_FIRST_MS, CONCURRENT_WAIT_MAX_MS } from './time-outs.js';
import { protocolErrorOf, translateError } from './translate-errors.js';

/**
 * CONCURRENT_TRANSACTIONS is definite: the coordinator is still closing the last transaction and has done nothing.
 * kafkajs does not retry it for AddOffsetsToTxn at all. It is the one error of a transaction that is tried again.
 * @throws OutriderError
 */
export async function whenClosed<T>(doing: string, run: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + CONCURRENT_WAIT_MAX_MS;
  for (let waitMs = CONCURRENT_WAIT_FIRST_MS; ; waitMs = Math.min(waitMs * 1.5, 100)) {
    try {
      return await run();
    } catch (error) {
      if (protocolErrorOf(error) !== 'CONCURRENT_TRANSACTIONS' || performance.now() > deadline)
        throw translateError(error, doing);
      await delay(waitMs);
    }
  }
}
