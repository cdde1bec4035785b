import { setTimeout as delay } from 'node:timers/promises';

interface Waiting {
  readonly pollMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits for a condition, with a limit. @throws when it does not come true in time, or the signal aborts */
export async function until(
  what: string,
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
  waiting: Waiting = {},
): Promise<void> {
  if (!(await comes(limitMs, condition, waiting))) throw new Error(`not within ${limitMs} ms: ${what}`);
}

/** Whether a condition comes true within a limit. @throws when the signal aborts */
export async function comes(
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
  { pollMs = 50, signal }: Waiting = {},
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() > deadline) return false;
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
