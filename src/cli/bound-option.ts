import { InvalidArgumentError } from 'commander';
import { type Bound, parseBound } from '../kafka/offset-bounds.js';

/** Reads a bound from the command line; see parseBound. */
export function boundOption(text: string): Bound {
  const parsed = parseBound(text, Date.now());
  if (parsed === null)
    throw new InvalidArgumentError(
      'earliest, latest, an offset, an ISO time, or a duration ago (2h) is wanted',
    );
  return parsed;
}
