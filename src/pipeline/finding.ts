import { messageOf } from '../errors.js';
import { RIGHTS_HINT } from '../kafka/translate-errors.js';

/** One line of `outrider check`. A `fault` means that `run` would not work. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly what: string;
  readonly message: string;
}

/** What a look gives, or what it throws. */
export async function* tried(
  what: string,
  look: () => string | Promise<string>,
  level: 'warning' | 'fault' = 'fault',
): AsyncGenerator<Finding> {
  try {
    yield ok(what, await look());
  } catch (error) {
    yield { ...fault(what, error), level };
  }
}

export function fault(what: string, error: unknown): Finding {
  return { level: 'fault', what, message: toldBy(error) };
}

/** An error's text, without the advice to run `check`. */
export function toldBy(error: unknown): string {
  return messageOf(error).replace(RIGHTS_HINT, '');
}

export function ok(what: string, message: string): Finding {
  return { level: 'ok', what, message };
}

export function warning(what: string, message: string): Finding {
  return { level: 'warning', what, message };
}
