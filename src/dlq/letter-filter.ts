import type { EventDecoder } from '../decode/event-decoder.js';
import type { Encoding } from '../decode/wire-format.js';
import { bytesAsText } from '../bytes-as-text.js';
import type { Letter } from './letter.js';
import { batchOf } from './letter-batch.js';
import { producerSchema, schemaText } from './producer-schema.js';

/** Which letters are wanted; null: whatever it is. */
export interface LetterFilter {
  readonly reasons: ReadonlySet<string> | null;
  /** As `dlq list` prints it. */
  readonly schema: string | null;
  readonly entity: string | null;
}

/**
 * Tells which letters a filter wants. The entity of a letter is its event's where that decodes, and its key's text.
 * @param decoder null where there is no configuration: then only the key can name an entity
 * @param encoding of the input, null where nobody knows
 */
export class LetterMatcher {
  constructor(
    private readonly filter: LetterFilter,
    private readonly decoder: EventDecoder | null,
    private readonly encoding: Encoding | null,
  ) {}

  /** @returns for each letter whether it is wanted. @throws the signal's reason */
  async matches(letters: readonly Letter[], signal: AbortSignal): Promise<readonly boolean[]> {
    const { reasons, schema, entity } = this.filter;
    const entities = entity === null ? null : await this.entitiesOf(letters, signal);
    return letters.map(
      (letter, index) =>
        (reasons === null || reasons.has(letter.reason)) &&
        (schema === null || schemaText(producerSchema(letter.value, this.encoding)) === schema) &&
        (entities === null || entity === keyText(letter) || entity === entities[index]),
    );
  }

  private async entitiesOf(
    letters: readonly Letter[],
    signal: AbortSignal,
  ): Promise<readonly (string | null)[]> {
    const entities = new Array<string | null>(letters.length).fill(null);
    if (this.decoder === null) return entities;
    const { rows, source, entityOf } = await this.decoder.decode(batchOf(letters), signal);
    if (entityOf === null) return entities;
    for (let row = 0; row < rows; row++) entities[source[row] as number] = entityOf(row);
    return entities;
  }
}

function keyText({ key }: Letter): string | null {
  return key === null ? null : bytesAsText(key);
}
