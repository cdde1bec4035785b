import { messageOf } from '../errors.js';

/** One line of `outrider check`. A `fault` means that `run` would not work. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly what: string;
  readonly message: string;
}

/** What a look gives, or what it throws. */
export async function* tried(what: string, look: () => string | Promise<string>): AsyncGenerator<Finding> {
  try {
    yield ok(what, await look());
  } catch (error) {
    yield fault(what, error);
  }
}

export function fault(what: string, error: unknown): Finding {
  return { level: 'fault', what, message: messageOf(error) };
}

export function ok(what: string, message: string): Finding {
  return { level: 'ok', what, message };
}

export function warning(what: string, message: string): Finding {
  return { level: 'warning', what, message };
}
