import canonicalize from 'canonicalize';
import type { DetectorOptions } from './detector.js';

/** An option that is not what it was, by its key path (`members[0].trees`), and what it is and was. */
export interface ChangedOption {
  readonly path: string;
  readonly trained: unknown;
  readonly configured: unknown;
}

/** What both say, and not alike. Another seed is no other detector; what training left open its kind knows. */
export function changedOption(trained: DetectorOptions, configured: DetectorOptions): ChangedOption | null {
  return changedKey(trained, configured, '');
}

function changedKey(
  trained: DetectorOptions,
  configured: DetectorOptions,
  path: string,
): ChangedOption | null {
  for (const [key, value] of Object.entries(configured)) {
    if (key === 'seed' || trained[key] === undefined || value === undefined) continue;
    const changed = changedValue(trained[key], value, path === '' ? key : `${path}.${key}`);
    if (changed !== null) return changed;
  }
  return null;
}

function changedValue(trained: unknown, configured: unknown, path: string): ChangedOption | null {
  if (isObjects(trained) && isObjects(configured) && trained.length === configured.length) {
    for (const [i, item] of trained.entries()) {
      const changed = changedKey(item, configured[i] ?? {}, `${path}[${i}]`);
      if (changed !== null) return changed;
    }
    return null;
  }
  return canonicalize(trained) === canonicalize(configured) ? null : { path, trained, configured };
}

/** The members of an ensemble, for instance. */
function isObjects(value: unknown): value is readonly DetectorOptions[] {
  return (
    Array.isArray(value) &&
    value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
  );
}
