import type { Type } from 'avsc';

/** There is no writer schema for a key that could be used, and why; text for a dead letter. */
export interface NoSchema {
  readonly why: string;
}

/**
 * Where writer schemas come from. What it gives is compiled and kept by whoever asks; what it does not have is asked
 * for again with every batch that needs it.
 *
 * @param keys distinct, those that matter most first: sixteen hex digits of fingerprint (single-object) or a decimal id
 * (confluent)
 * @returns an answer for each key
 * Waits while the source is down, with back-off, until the signal aborts (it then throws the signal's reason).
 */
export interface SchemaSource {
  find(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Type | NoSchema>>;
}

export function isNoSchema(answer: Type | NoSchema): answer is NoSchema {
  return 'why' in answer;
}
