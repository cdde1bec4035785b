import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition, with a limit. @throws when it does not come true in time */
export async function until(
  what: string,
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
  pollMs = 50,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(pollMs);
  }
}

/** Lasts so long, or until the signal aborts. */
export async function lasting(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** A promise with its resolve function at hand. */
export function latch<T = void>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open };
}
