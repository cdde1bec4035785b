/** What is claimed of any bytes, checked on one payload. */
import { Cursor, EMPTY_ITEMS_MAX, DEPTH_MAX, MALFORMED } from '../../src/decode/cursor.js';
import type { Step } from '../../src/decode/step.js';
import { FRAME_BYTES, type Encoding } from '../../src/decode/wire-format.js';
import { type AvroPair, MAX_EVENT_BYTES } from './avro-pair.js';

const REASONS = new Set(['undecodable', 'unknown-schema', 'too-large']);
const BORN = [Object.prototype, Array.prototype, Function.prototype, Buffer.prototype].map(
  (prototype) => [prototype, Object.getOwnPropertyNames(prototype).join()] as const,
);

/** @returns the claim that does not hold, or null */
export async function brokenClaim(pair: AvroPair, encoding: Encoding, value: Buffer): Promise<string | null> {
  const before = Buffer.from(value);
  let batch;
  try {
    batch = await pair.decode(encoding, [value]);
    if (batch.rows === 1) batch.entityOf?.(0);
  } catch (error) {
    return `an exception left the stage: ${String(error)}`;
  }
  if (batch.rows + batch.rejects.length !== 1) return `${batch.rows} rows, ${batch.rejects.length} rejects`;
  const [reject] = batch.rejects;
  if (reject !== undefined && (!REASONS.has(reject.reason) || reject.message === ''))
    return `a reject for ${reject.reason}: ${reject.message}`;
  if (!before.equals(value)) return 'the payload was changed';
  return changedPrototype();
}

export function changedPrototype(): string | null {
  const changed = BORN.find(([prototype, names]) => Object.getOwnPropertyNames(prototype).join() !== names);
  return changed === undefined ? null : `a prototype was changed: ${changed[1]}`;
}

/** For a valid body: every field is what avsc's own resolver says. @returns what differs, or null */
export async function difference(pair: AvroPair, encoding: Encoding, body: Buffer): Promise<string | null> {
  const expected = pair.expected(encoding, body);
  if (expected === null) return null;
  const value = pair.framed(encoding, body);
  const batch = await pair.decode(encoding, [value]);
  if (value.length > MAX_EVENT_BYTES)
    return batch.rejects[0]?.reason === 'too-large' ? null : 'it is larger than an event may be';
  if (batch.rows !== 1) return `avsc reads it, here: ${batch.rejects[0]?.message ?? ''}`;
  for (const [slot, value] of expected.entries()) {
    const isMissing = batch.missing?.[slot] === 1;
    const here = isMissing ? undefined : batch.fields[slot];
    // -0 and 0 are the same number to a detector.
    if (!Object.is(here, value) && here !== value)
      return `field ${JSON.stringify(pair.fields[slot])} is ${here}, to avsc ${value}`;
  }
  return null;
}

/** Counts what a walk does: every read, every length, every record, array and map that it enters. */
export class CountingCursor extends Cursor {
  work = 0;

  static {
    for (const name of [
      'skip',
      'byte',
      'long',
      'float',
      'double',
      'skipSized',
      'blockCount',
      'idle',
      'set',
    ] as const) {
      const original = Cursor.prototype[name] as (...args: unknown[]) => unknown;
      Object.defineProperty(this.prototype, name, {
        value(this: CountingCursor, ...args: unknown[]): unknown {
          this.work++;
          return original.apply(this, args);
        },
      });
    }
  }

  /** @returns the work of a payload, whether it is an event or not */
  count(step: Step, encoding: Encoding, value: Buffer, width: number): number {
    this.work = 0;
    this.values = new Float64Array(width);
    this.seen = new Int32Array(width);
    this.load(value, FRAME_BYTES[encoding]);
    try {
      step(this);
    } catch (error) {
      if (error !== MALFORMED) throw error;
    }
    return this.work;
  }
}

/**
 * The most work that is allowed: every byte may open DEPTH_MAX records that have no other byte, items without bytes are
 * counted, and every wanted field is met once.
 */
export function workMax(byteCount: number, width: number): number {
  return 4 * (byteCount + 1) + EMPTY_ITEMS_MAX + DEPTH_MAX * (width + 2);
}
