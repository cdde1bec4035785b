import { setTimeout as delay } from 'node:timers/promises';
import { SETTLE_TIMEOUT_MS } from './time-outs.js';
import { protocolErrorOf } from './translate-errors.js';

/** How soon and how long something is tried again; the wait grows by the factor, up to its maximum. Times in ms. */
export interface Pace {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly limitMs: number;
}

/** While a broker says that it is not the right one or not ready yet. */
export const SETTLE_PACE: Pace = { firstMs: 20, factor: 2, maxMs: 500, limitMs: SETTLE_TIMEOUT_MS };

/**
 * Tries again while the broker answers with an error that passes by itself, one that says that it has done nothing.
 * @param passing the protocol's names of those errors
 * @throws what it threw last
 */
export async function whilePassing<T>(
  passing: ReadonlySet<string>,
  { firstMs, factor, maxMs, limitMs }: Pace,
  run: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (let waitMs = firstMs; ; waitMs = Math.min(waitMs * factor, maxMs)) {
    try {
      return await run();
    } catch (error) {
      if (!passing.has(protocolErrorOf(error) ?? '') || performance.now() > deadline) throw error;
      await delay(waitMs);
    }
  }
}
