import type { DetectorKind, DetectorOptions } from './detector.js';

/** A kind's complete options, with the seed where it takes one. @throws ZodError when the given ones do not fit */
export function seededOptions(kind: DetectorKind, given: DetectorOptions, seed: number): DetectorOptions {
  const seeded = kind.options.safeParse({ ...given, seed });
  return seeded.success ? seeded.data : kind.options.parse(given);
}
