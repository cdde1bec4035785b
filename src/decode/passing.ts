/** Steps that only pass over a number of bytes which the schema fixes. */
import type { Step } from './leaf-steps.js';

const passed = new WeakMap<Step, number>();

/** @param byteCount at least 0; may be infinite, which no event has room for */
export function passOver(byteCount: number): Step {
  const step: Step = (cursor) => cursor.skip(byteCount);
  passed.set(step, byteCount);
  return step;
}

/** @returns how many bytes a step passes over when that is all it does, else null */
export function passedBytes(step: Step): number | null {
  return passed.get(step) ?? null;
}
