import type { FieldShape } from './avro-schema.js';

export interface MatchedFields {
  /** The reader's field for each of the writer's, null where the reader dropped it. */
  readonly targets: readonly (FieldShape | null)[];
  /** The reader's fields that the writer does not have. */
  readonly absent: readonly FieldShape[];
  /** Why the two cannot be matched, or null. */
  readonly fault: string | null;
}

/**
 * Which of a writer's fields is which of the reader's: by name, then by the reader's aliases (specification,
 * "Aliases"). A name goes before an alias; aliases that leave a choice are a fault.
 */
export function matchFields(writer: readonly FieldShape[], reader: readonly FieldShape[]): MatchedFields {
  const byName = new Map(reader.map((field) => [field.name, field]));
  const written = new Set(writer.map(({ name }) => name));
  const byAlias = new Map<string, FieldShape>();
  const taken = new Map<FieldShape, string>();
  let fault: string | null = null;
  for (const field of reader) {
    if (written.has(field.name)) continue;
    for (const alias of new Set(field.aliases)) {
      if (byName.has(alias) || !written.has(alias)) continue;
      const other = byAlias.get(alias);
      if (other !== undefined)
        fault ??= `the reader's fields '${other.name}' and '${field.name}' both have the alias '${alias}'`;
      const before = taken.get(field);
      if (before !== undefined)
        fault ??= `the writer's fields '${before}' and '${alias}' are both aliases of '${field.name}'`;
      byAlias.set(alias, field);
      taken.set(field, alias);
    }
  }
  return {
    targets: writer.map(({ name }) => byName.get(name) ?? byAlias.get(name) ?? null),
    absent: reader.filter((field) => !written.has(field.name) && !taken.has(field)),
    fault,
  };
}
