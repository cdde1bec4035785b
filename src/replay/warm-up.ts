import { UsageError } from '../errors.js';

/** How much is read before a replay's range: events of each partition, or a time before its first event. */
export type WarmUp = { readonly events: number } | { readonly ms: number };

const UNIT_MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

/** `1000` events or `1h`. @throws UsageError */
export function parseWarmUp(text: string): WarmUp {
  if (/^\d{1,15}$/.test(text)) return { events: Number(text) };
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined)
    throw new UsageError(`--warm-up '${text}': a number of events, or a time (30m, 1h, 2d) is wanted`);
  return { ms: Math.round(Number(count) * unitMs) };
}
