import type { Type } from 'avsc';

/**
 * Where writer schemas come from. `find` is asked once for each key and its answer is kept by the caller.
 *
 * @param key what stands in the event's frame: sixteen hex digits of fingerprint (single-object) or a decimal id (confluent)
 * @returns the writer schema, or null when the source answers that there is none
 * Waits while the source is down, with back-off, until the signal aborts (it then throws the signal's reason).
 */
export interface SchemaSource {
  find(key: string, signal: AbortSignal): Promise<Type | null>;
}
