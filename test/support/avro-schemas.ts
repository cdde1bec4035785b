/** Random Avro schemas: every type and logical type, nested, recursive, empty, and evolved into a reader's. */
export type Random = () => number;
export type Json = string | readonly Json[] | Shape;
export interface Shape {
  readonly type: string;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly name?: string;
  readonly namespace?: string;
  readonly aliases?: readonly string[];
  fields?: readonly FieldJson[];
  readonly items?: Json;
  readonly values?: Json;
  readonly symbols?: readonly string[];
  readonly default?: string;
  readonly size?: number;
}
export interface FieldJson {
  readonly name: string;
  readonly type: Json;
  readonly default?: unknown;
  readonly aliases?: readonly string[];
}

export const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;

export const LOGICAL: readonly Shape[] = [
  { type: 'int', logicalType: 'date' },
  { type: 'int', logicalType: 'time-millis' },
  ...[
    'time-micros',
    'timestamp-millis',
    'timestamp-micros',
    'timestamp-nanos',
    'local-timestamp-millis',
    'local-timestamp-micros',
    'local-timestamp-nanos',
  ].map((logicalType) => ({ type: 'long', logicalType })),
  { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
  { type: 'string', logicalType: 'uuid' },
  { type: 'bytes', logicalType: 'no-such-type' },
];

export const below = (random: Random, count: number): number => Math.floor(random() * count);
export const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;
const chance = (random: Random, share: number): boolean => random() < share;

/** A schema and what its names stand for. */
export interface NamedSchema {
  readonly schema: Shape;
  readonly named: ReadonlyMap<string, Shape>;
}

/** The definition behind a name. */
export function shapeOf({ named }: NamedSchema, json: Json): Shape | readonly Json[] {
  if (typeof json !== 'string') return json as Shape | readonly Json[];
  return named.get(json) ?? { type: json };
}

/** @param types how many types there may be, about; @param prefix of all names */
export function randomSchema(random: Random, types: number, prefix = ''): NamedSchema {
  const maker = new Maker(random, types, prefix);
  return asText(maker.record(0), maker.named);
}

/** The first in the text is the definition, what follows are names. */
function asText(schema: Shape, named: ReadonlyMap<string, Shape>): NamedSchema {
  const defined = new Map<string, Shape>();
  const write = (json: Json): Json => {
    if (Array.isArray(json)) return json.map(write);
    const shape = typeof json === 'string' ? named.get(json) : (json as Shape);
    if (shape === undefined) return json;
    const { name } = shape;
    if (name !== undefined && defined.has(name)) return name;
    const copy: Shape & { items?: Json; values?: Json } = { ...shape };
    if (name !== undefined) defined.set(name, copy);
    if (shape.items !== undefined) copy.items = write(shape.items);
    if (shape.values !== undefined) copy.values = write(shape.values);
    if (shape.fields !== undefined)
      copy.fields = shape.fields.map((field) => ({ ...field, type: write(field.type) }));
    return copy;
  };
  return { schema: write(schema) as Shape, named: defined };
}

class Maker {
  readonly named = new Map<string, Shape>();
  private serial = 0;

  constructor(
    private readonly random: Random,
    private left: number,
    private readonly prefix: string,
  ) {}

  record(depth: number): Shape {
    const { random } = this;
    const shape: Shape = { type: 'record', ...this.name('R') };
    this.named.set(shape.name as string, shape);
    const count = below(random, depth === 0 ? 8 : 5);
    shape.fields = Array.from({ length: count }, (_, i) => ({
      name: chance(random, 0.05) ? `constructor${i === 0 ? '' : i}` : `f${i}`,
      type: this.any(depth + 1),
    }));
    return shape;
  }

  private any(depth: number): Json {
    const { random } = this;
    if (--this.left < 0 || depth > 6 || chance(random, 0.45)) return this.leaf();
    switch (below(random, 6)) {
      case 0:
        return { type: 'array', items: this.any(depth + 1) };
      case 1:
        return { type: 'map', values: this.any(depth + 1) };
      case 2:
        return this.union(depth);
      case 3:
        return this.recursive() ?? this.record(depth);
      default:
        return this.record(depth);
    }
  }

  private leaf(): Json {
    const { random } = this;
    switch (below(random, 6)) {
      case 0:
        return pick(random, LOGICAL);
      case 1:
        return this.define({
          type: 'enum',
          ...this.name('E'),
          symbols: ['A', 'B', 'C'].slice(0, 1 + below(random, 3)),
        });
      case 2: {
        const size = pick(random, [0, 1, 3, 12, 16]);
        const duration = size === 12 ? { logicalType: 'duration' } : {};
        const decimal = size === 16 ? { logicalType: 'decimal', precision: 20, scale: 4 } : duration;
        return this.define({ type: 'fixed', ...this.name('F'), size, ...decimal });
      }
      default:
        return pick(random, PRIMITIVES);
    }
  }

  private define(shape: Shape): Shape {
    this.named.set(shape.name as string, shape);
    return shape;
  }

  /** A name that was defined before: only where an event can end, behind null, an array or a map. */
  private recursive(): Json | null {
    const names = [...this.named.keys()];
    if (names.length === 0) return null;
    const name = pick(this.random, names);
    return pick<Json>(this.random, [
      ['null', name],
      { type: 'array', items: name },
      { type: 'map', values: name },
    ]);
  }

  private union(depth: number): Json {
    const branches = new Map<string, Json>();
    const count = 1 + below(this.random, 4);
    for (let i = 0; i < count; i++) {
      const branch = i === 0 && chance(this.random, 0.6) ? 'null' : this.any(depth + 1);
      if (Array.isArray(branch)) continue;
      const shape = branch as Shape | string;
      const key = typeof shape === 'string' ? shape : (shape.name ?? shape.type);
      if (!branches.has(key) && !isAmbiguous([...branches.values(), branch])) branches.set(key, branch);
    }
    return branches.size === 0 ? 'null' : [...branches.values()];
  }

  private name(letter: string): { name: string } {
    const namespace = pick(this.random, ['n.', 'n.', 'a.', 'a.b.']);
    return { name: `${namespace}${this.prefix}${letter}${this.serial++}` };
  }
}

/**
 * Where a number could be read as two branches of which one is rounded or has a unit: the specification says the first,
 * which avsc takes, Java and Outrider take the one of the same type.
 */
function isAmbiguous(branches: readonly Json[]): boolean {
  const numbers = branches.filter((branch) =>
    /^(int|long|float|double)$/.test((branch as Shape).type ?? branch),
  );
  return numbers.length > 1 && numbers.some((branch) => typeof branch !== 'string' || branch === 'float');
}

const PROMOTED: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** A reader's schema to which what a writer's schema wrote resolves, mostly. */
export function evolved(random: Random, writer: NamedSchema, share = 0.25): NamedSchema {
  const evolver = new Evolver(random, writer, share);
  return asText(evolver.any(writer.schema, true) as Shape, evolver.named);
}

class Evolver {
  readonly named = new Map<string, Shape>();
  private readonly names = new Map<string, string>();
  private serial = 0;

  constructor(
    private readonly random: Random,
    private readonly writer: NamedSchema,
    private readonly share: number,
  ) {}

  any(json: Json, inUnion: boolean): Json {
    if (Array.isArray(json)) {
      const branches = json.map((branch: Json) => this.any(branch, true));
      const texts = json.some((branch: Json) => /^(string|bytes)$/.test((branch as Shape).type ?? branch));
      const extra = texts ? [] : ['string'];
      return this.chance() ? [...branches, ...extra] : branches;
    }
    const plain = this.plain(json as string | Shape, inUnion);
    return !inUnion && plain !== 'null' && typeof plain === 'string' && this.chance()
      ? ['null', plain]
      : plain;
  }

  private chance(): boolean {
    return this.random() < this.share;
  }

  private plain(json: string | Shape, inUnion: boolean): Json {
    if (typeof json === 'string') {
      const known = this.names.get(json);
      if (known !== undefined) return known;
      const shape = this.writer.named.get(json);
      if (shape !== undefined) return this.plain(shape, inUnion);
      const promoted = PROMOTED[json];
      return promoted !== undefined && !inUnion && this.chance() ? pick(this.random, promoted) : json;
    }
    // Whoever comes first in the text defines it.
    const known = this.names.get(json.name ?? '');
    if (known !== undefined) return known;
    switch (json.type) {
      case 'array':
        return { type: 'array', items: this.any(json.items as Json, false) };
      case 'map':
        return { type: 'map', values: this.any(json.values as Json, false) };
      case 'record':
        return this.record(json);
      case 'enum': {
        const symbols = this.chance() ? [...(json.symbols ?? []), 'Z'] : (json.symbols ?? []);
        const fewer = this.chance()
          ? { symbols: symbols.slice(-1), default: symbols.at(-1) as string }
          : { symbols };
        return this.define(json, fewer);
      }
      case 'fixed':
        return this.define(json, {});
      default:
        return json;
    }
  }

  private define(json: Shape, changes: Partial<Shape>): Shape {
    const old = json.name as string;
    const renamed = this.chance() ? { name: `${old}x${this.serial++}`, aliases: [old] } : { name: old };
    const shape: Shape = { ...json, ...changes, ...renamed };
    this.names.set(old, shape.name as string);
    this.named.set(shape.name as string, shape);
    return shape;
  }

  private record(json: Shape): Shape {
    const shape = this.define(json, { fields: [] });
    const fields: FieldJson[] = [];
    const written = json.fields ?? [];
    for (const field of this.chance() ? [...written].reverse() : written) {
      if (this.chance()) continue;
      const renamed = this.chance()
        ? { name: `${field.name}x`, aliases: [field.name] }
        : { name: field.name };
      fields.push({ ...renamed, type: this.any(field.type, false) });
    }
    if (this.chance()) fields.unshift({ name: `added${this.serial++}`, ...pick(this.random, ADDED) });
    shape.fields = fields;
    return shape;
  }
}

const ADDED: readonly Omit<FieldJson, 'name'>[] = [
  { type: 'int', default: -7 },
  { type: 'boolean', default: true },
  { type: 'double', default: 2.5 },
  { type: ['null', 'long'], default: null },
  { type: ['long', 'null'], default: 12 },
  { type: 'string', default: 'x' },
  { type: 'bytes', default: '\u00ff' },
  { type: { type: 'long', logicalType: 'timestamp-millis' }, default: 1500 },
  { type: { type: 'array', items: 'float' }, default: [0.1, 2] },
  { type: { type: 'map', values: 'int' }, default: { k0: 3 } },
];
