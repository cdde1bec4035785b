/** What a schema may hold. A legal one that is larger is refused like one that is not Avro: nothing real comes near. */
export const SCHEMA_LIMITS = {
  /** Of the schema's text, UTF-8. */
  bytesMax: 1_048_576,
  /** Types inside types as they are written; a reference by name is not followed. Also of values inside a default. */
  depthMax: 64,
  /** Records, enums and fixed, together. */
  namedTypesMax: 1000,
  /** Of all records together. */
  fieldsMax: 10_000,
  /** Of all enums together. */
  symbolsMax: 10_000,
  /** Aliases of all types and fields together. */
  aliasesMax: 10_000,
  /** Of a name with its namespace. */
  nameCharsMax: 1024,
  /** Values in all defaults together, with those that a record's default leaves to the defaults of its fields. */
  defaultValuesMax: 65_536,
} as const;
