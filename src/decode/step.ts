import type { Cursor } from './cursor.js';

/** Reads one value at the cursor and moves behind it. */
export type Step = (cursor: Cursor) => void;

const passed = new WeakMap<Step, number>();

/**
 * A step that only passes over a number of bytes which the schema fixes.
 * @param byteCount at least 0; may be infinite, which no event has room for
 */
export function passOver(byteCount: number): Step {
  const step: Step = (cursor) => cursor.skip(byteCount);
  passed.set(step, byteCount);
  return step;
}

/** @returns how many bytes a step passes over when that is all it does, else null */
export function passedBytes(step: Step): number | null {
  return passed.get(step) ?? null;
}
