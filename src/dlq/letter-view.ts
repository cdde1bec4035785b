import type { Type } from 'avsc';
import type { Config } from '../config/config.js';
import { viewEvent } from '../decode/event-view.js';
import { type NoSchema, type SchemaSource, isNoSchema } from '../decode/schema-source.js';
import { FRAME_BYTES } from '../decode/wire-format.js';
import { prepareSchemas } from '../pipeline/setup.js';
import type { Letter } from './letter.js';
import { type ProducerSchema, producerSchema, schemaText } from './producer-schema.js';

/** A letter's event, for somebody to look at. */
export interface SeenEvent {
  /** How the value names its schema, and the schema's own name where that is known. */
  readonly schema: string;
  /** Null where it does not decode. */
  readonly event: unknown;
  readonly fault: string | null;
}

/** Longest wait for a schema. */
const SCHEMA_TIMEOUT_MS = 5000;

/** Decodes letters' events by the schema that they were written with. */
export class LetterView {
  private readonly schemas: SchemaSource | null;

  /** @param config null where there is none: then nothing decodes; @param reader its `input.schema` */
  constructor(
    private readonly config: Config | null,
    private readonly reader: Type | null,
  ) {
    this.schemas = config === null || reader === null ? null : prepareSchemas(config, reader);
  }

  async of({ value }: Letter, signal: AbortSignal): Promise<SeenEvent> {
    const { config, reader, schemas } = this;
    const encoding = config?.input.encoding ?? null;
    const named = producerSchema(value, encoding);
    const unseen = (fault: string): SeenEvent => ({ schema: schemaText(named), event: null, fault });
    if (value === null) return unseen('there is no value');
    if (config === null || reader === null || schemas === null)
      return unseen('without a configuration nobody knows the schemas');
    if (named === null && encoding !== 'raw') return unseen(`no frame of the ${encoding ?? ''} encoding`);
    const writer = named === null ? reader : await this.find(schemas, named, signal);
    if (isNoSchema(writer)) return unseen(writer.why);
    const seen = viewEvent(writer, value, named === null ? 0 : FRAME_BYTES[named.encoding]);
    const schema = named === null ? 'raw' : `${schemaText(named)} ${writer.name ?? ''}`.trimEnd();
    return 'fault' in seen
      ? { schema, event: null, fault: seen.fault }
      : { schema, event: seen.event, fault: null };
  }

  private async find(
    schemas: SchemaSource,
    { key }: ProducerSchema,
    signal: AbortSignal,
  ): Promise<Type | NoSchema> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), SCHEMA_TIMEOUT_MS);
    try {
      const found = await schemas.find([key], AbortSignal.any([signal, late.signal]));
      return found.get(key) ?? { why: 'the schema is not known' };
    } catch (error) {
      // A registry that is down: the letter is shown without its event.
      if (late.signal.aborted)
        return { why: `nobody said within ${SCHEMA_TIMEOUT_MS} ms what the schema is` };
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
