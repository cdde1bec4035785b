import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition, with a limit. @returns what the condition gave once it was neither false, null nor undefined */
export async function until<T>(
  what: string,
  limitMs: number,
  condition: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(25);
  }
}
