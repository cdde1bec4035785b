import type { Type } from 'avsc';
import { messageOf } from '../errors.js';
import { SchemaFamily, parseSchema } from './avro-schema.js';
import { type Absent, type RegisteredSchema, type RegistryClient, isAbsent } from './registry-client.js';
import { printable } from './registry-http.js';
import { SCHEMA_LIMITS } from './schema-limits.js';

/** Schemas that one schema may name, directly and through others. */
export const REFERENCES_MAX = 64;
/** How deep references may lead to references. */
export const REFERENCE_DEPTH_MAX = 16;

/**
 * A registered schema as a type, with everything that it names fetched and parsed before it, so that its named types
 * are found.
 * @returns why not, where a schema is no Avro, cannot be read, or its references have no end
 * @throws what the client throws
 */
export async function parseRegistered(
  client: Pick<RegistryClient, 'version'>,
  schema: RegisteredSchema,
  signal: AbortSignal,
): Promise<Type | Absent> {
  const collected = new Collector(client, signal);
  const fault = await collected.add(schema, 'it', 0);
  if (fault !== null) return { why: fault };
  const family = new SchemaFamily();
  let type: Type | null = null;
  for (const { text, name } of collected.texts) {
    try {
      type = parseSchema(text, family);
    } catch (error) {
      return { why: `${name} is not an Avro schema that can be read: ${printable(messageOf(error))}` };
    }
  }
  return type ?? { why: 'it is empty' };
}

/** Texts in the order in which they have to be parsed: what is named comes before who names it. */
class Collector {
  readonly texts: { readonly text: string; readonly name: string }[] = [];
  /** Subject and version of what has been met; true once everything that it names is collected. */
  private readonly met = new Map<string, boolean>();
  private bytes = 0;

  constructor(
    private readonly client: Pick<RegistryClient, 'version'>,
    private readonly signal: AbortSignal,
  ) {}

  /** @returns what is wrong, or null */
  async add(
    { text, schemaType, references }: RegisteredSchema,
    name: string,
    depth: number,
  ): Promise<string | null> {
    if (schemaType !== 'AVRO') return `${name} is of type ${printable(schemaType)}, not AVRO`;
    if (depth > REFERENCE_DEPTH_MAX) return `its references are nested deeper than ${REFERENCE_DEPTH_MAX}`;
    this.bytes += text.length;
    if (this.bytes > SCHEMA_LIMITS.bytesMax)
      return `with its references it has more than ${SCHEMA_LIMITS.bytesMax} bytes`;
    for (const reference of references) {
      const fault = await this.follow(reference, depth);
      if (fault !== null) return fault;
    }
    this.texts.push({ text, name });
    return null;
  }

  private async follow(
    { subject, version }: { readonly subject: string; readonly version: number },
    depth: number,
  ): Promise<string | null> {
    const key = `${version} ${subject}`;
    const name = `its reference to ${printable(subject)}, version ${version},`;
    const isCollected = this.met.get(key);
    if (isCollected === true) return null;
    if (isCollected === false) return `${name} leads back to itself`;
    if (this.met.size === REFERENCES_MAX) return `it has more than ${REFERENCES_MAX} references`;
    this.met.set(key, false);
    const found = await this.client.version(subject, version, this.signal);
    if (isAbsent(found)) return `${name} cannot be followed: ${found.why}`;
    const fault = await this.add(found, name, depth + 1);
    this.met.set(key, true);
    return fault;
  }
}
