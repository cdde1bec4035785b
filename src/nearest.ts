import { closest, distance } from 'fastest-levenshtein';

/** Of the names that there are the one that was probably meant, or null where more than half of it would be other letters. */
export function nearest(text: string, names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const name = closest(text, names);
  return distance(text, name) > Math.max(text.length, name.length) / 2 ? null : name;
}
