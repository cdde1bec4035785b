import { UnusableSchemaError } from '../errors.js';
import { DefaultSizes } from './default-sizes.js';
import type { NormalField, NormalSchema, NormalType } from './normal-type.js';
import { SCHEMA_LIMITS } from './schema-limits.js';

type Json = Readonly<Record<string, unknown>>;

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Logical types that change what a number means, and the one type that each stands on; others are ignored (specification). */
const LOGICAL_ON: ReadonlyMap<unknown, string> = new Map([
  ['date', 'int'],
  ['time-millis', 'int'],
  ...['time-micros', 'timestamp-millis', 'timestamp-micros', 'timestamp-nanos'].map(onLong),
  ...['local-timestamp-millis', 'local-timestamp-micros', 'local-timestamp-nanos'].map(onLong),
]);

function onLong(name: string): [string, string] {
  return [name, 'long'];
}

/**
 * Checks schemas against Avro's rules for names and against SCHEMA_LIMITS, before avsc sees them: avsc keeps names in
 * objects (`constructor` is found where nobody defined it), writes code from them, tries again where a logical type
 * fails (twice as long for each level) and fills defaults in without a limit. Each schema may name what those before it
 * define; the limits are those of all together.
 */
export class SchemaNormalizer {
  private readonly named = new Map<string, NormalType>();
  private readonly defaults = new DefaultSizes(this.named);
  private readonly counts = { fields: 0, symbols: 0, aliases: 0 };

  /**
   * @param namespace of the definition around this
   * @param depth types around this
   * @returns the same schema with full names throughout (a leading dot where there is no namespace) and without what
   * decoding does not need; errors are records
   * @throws UnusableSchemaError
   */
  read(json: unknown, namespace = '', depth = 0): NormalSchema {
    if (depth > SCHEMA_LIMITS.depthMax) fail(`types nested deeper than ${SCHEMA_LIMITS.depthMax}`);
    if (typeof json === 'string') return this.reference(json, namespace);
    if (Array.isArray(json)) return json.map((branch) => this.read(branch, namespace, depth + 1));
    if (!isObject(json)) return fail(`${show(json)} where a type should be`);
    const { type } = json;
    if (typeof type !== 'string') return fail(`a type of ${show(type)}`);
    if (PRIMITIVES.has(type)) {
      return LOGICAL_ON.get(json.logicalType) === type
        ? { type, logicalType: json.logicalType as string }
        : type;
    }
    switch (type) {
      case 'array':
        return { type, items: this.read(json.items, namespace, depth + 1) };
      case 'map':
        return { type, values: this.read(json.values, namespace, depth + 1) };
      case 'record':
      case 'error':
        return this.record(json, namespace, depth);
      case 'enum':
        return this.enumeration(json, namespace);
      case 'fixed':
        return this.define(json, namespace, { type, size: sizeOf(json.size) });
      default:
        return this.reference(type, namespace);
    }
  }

  private reference(text: string, namespace: string): string {
    if (PRIMITIVES.has(text)) return text;
    const name = fullName(text, namespace, 'a type');
    if (!this.named.has(name)) fail(`no type named ${show(text)} was defined before it is used`);
    return name;
  }

  private define(json: Json, namespace: string, rest: Omit<NormalType, 'name' | 'aliases'>): NormalType {
    const own = namespaceOf(json, namespace);
    const name = fullName(json.name, own, `a ${rest.type}`);
    if (this.named.has(name)) fail(`two types named ${show(name)}`);
    const unqualified = name.slice(name.lastIndexOf('.') + 1);
    if (PRIMITIVES.has(unqualified)) fail(`a type named ${show(name)}`);
    // avsc keeps types by name in plain objects, also where it makes the canonical form.
    if (name.slice(1) in Object.prototype) fail(`a type named ${show(name.slice(1))}, without a namespace`);
    const aliases = this.aliases(json.aliases).map((alias) => fullName(alias, spaceOf(name), 'an alias'));
    const type: NormalType = { ...rest, name, aliases };
    this.named.set(name, type);
    const { namedTypesMax } = SCHEMA_LIMITS;
    if (this.named.size > namedTypesMax) fail(`more than ${namedTypesMax} records, enums and fixed`);
    return type;
  }

  private record(json: Json, namespace: string, depth: number): NormalType {
    const record = this.define(json, namespace, { type: 'record' });
    if (!Array.isArray(json.fields)) return fail(`record ${show(json.name)} has no list of fields`);
    const names = new Set<string>();
    const space = spaceOf(record.name as string);
    record.fields = json.fields.map((field: unknown) => {
      this.count('fields', 1);
      if (!isObject(field)) return fail(`${show(field)} where a field should be`);
      const name = simpleName(field.name, 'a field');
      if (names.has(name)) fail(`two fields named ${show(name)} in record ${show(json.name)}`);
      names.add(name);
      const aliases = this.aliases(field.aliases).map((alias) => simpleName(alias, 'an alias'));
      const plain: NormalField = { name, type: this.read(field.type, space, depth + 1), aliases };
      this.defaults.give(plain, field.default);
      return plain;
    });
    return record;
  }

  private enumeration(json: Json, namespace: string): NormalType {
    if (!Array.isArray(json.symbols)) return fail(`enum ${show(json.name)} has no list of symbols`);
    this.count('symbols', json.symbols.length);
    const symbols = json.symbols.map((symbol) => simpleName(symbol, 'a symbol'));
    if (new Set(symbols).size < symbols.length) fail(`enum ${show(json.name)} has a symbol twice`);
    // The same in avsc: a symbol that every object has is taken for one that is there already.
    const odd = symbols.find((symbol) => symbol in Object.prototype);
    if (odd !== undefined) fail(`a symbol named ${show(odd)}`);
    const fallback = json.default === undefined ? {} : { default: json.default };
    return this.define(json, namespace, { type: 'enum', symbols, ...fallback });
  }

  private aliases(json: unknown): readonly unknown[] {
    if (json === undefined || json === null) return [];
    if (!Array.isArray(json)) return fail(`aliases of ${show(json)}`);
    this.count('aliases', json.length);
    return json as unknown[];
  }

  private count(what: keyof SchemaNormalizer['counts'], more: number): void {
    this.counts[what] += more;
    const max = SCHEMA_LIMITS[`${what}Max`];
    if (this.counts[what] > max) fail(`more than ${max} ${what}`);
  }
}

/** A dotted name is a full one; otherwise the definition around it says the namespace (specification, "Names"). */
function fullName(json: unknown, namespace: string, what: string): string {
  if (typeof json !== 'string') return fail(`${what} whose name is ${show(json)}`);
  const name = json.includes('.')
    ? json.replace(/^\./, '')
    : namespace === ''
      ? json
      : `${namespace}.${json}`;
  for (const part of name.split('.')) simpleName(part, what);
  if (name.length > SCHEMA_LIMITS.nameCharsMax) return tooLong();
  return name.includes('.') ? name : `.${name}`;
}

function simpleName(json: unknown, what: string): string {
  if (typeof json !== 'string' || !NAME.test(json)) return fail(`${what} named ${show(json)}`);
  if (json === '__proto__') return fail(`${what} named __proto__`);
  return json.length > SCHEMA_LIMITS.nameCharsMax ? tooLong() : json;
}

function namespaceOf(json: Json, around: string): string {
  const { namespace } = json;
  if (namespace === undefined || namespace === null) return around;
  return typeof namespace === 'string' ? namespace : fail(`a namespace of ${show(namespace)}`);
}

function spaceOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function sizeOf(json: unknown): number {
  const isSize = typeof json === 'number' && Number.isInteger(json) && json >= 0 && json < 2 ** 31;
  return isSize ? json : fail(`a fixed of size ${show(json)}`);
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Never the inside of what is shown: it may be deeper than JSON.stringify can go. */
function show(json: unknown): string {
  if (typeof json === 'string')
    return json.length > 80 ? `${JSON.stringify(json.slice(0, 80))}…` : JSON.stringify(json);
  if (typeof json === 'object' && json !== null) return Array.isArray(json) ? 'a list' : 'an object';
  return json === undefined ? 'nothing' : JSON.stringify(json);
}

function tooLong(): never {
  return fail(`a name of more than ${SCHEMA_LIMITS.nameCharsMax} characters`);
}

function fail(fault: string): never {
  throw new UnusableSchemaError(fault);
}
