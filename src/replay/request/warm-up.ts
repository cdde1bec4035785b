import { UsageError } from '../../errors.js';
import { parseDuration } from '../../time-text.js';

/** How much is read before a replay's range: events of each partition, or a time before its first event. */
export type WarmUp = { readonly events: number } | { readonly ms: number };

/** `1000` events, or `1h`. @throws UsageError */
export function parseWarmUp(text: string): WarmUp {
  if (/^\d{1,15}$/.test(text)) return { events: Number(text) };
  const ms = parseDuration(text);
  if (ms === null)
    throw new UsageError(`--warm-up '${text}': a number of events, or a time (30m, 1h, 2d) is wanted`);
  return { ms: Math.round(ms) };
}
