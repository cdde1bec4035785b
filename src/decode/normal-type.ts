/** An Avro schema as JSON, with nothing in it but what decoding needs. */
export type NormalSchema = string | readonly NormalSchema[] | NormalType;

export interface NormalType {
  readonly type: string;
  readonly name?: string;
  readonly aliases?: readonly string[];
  fields?: readonly NormalField[];
  readonly items?: NormalSchema;
  readonly values?: NormalSchema;
  readonly symbols?: readonly string[];
  readonly size?: number;
  readonly default?: unknown;
  readonly logicalType?: string;
}

export interface NormalField {
  readonly name: string;
  readonly type: NormalSchema;
  readonly aliases: readonly string[];
  default?: unknown;
}
