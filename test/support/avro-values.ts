/** Random values of a schema in avsc's form (a union's as {branch: value}), and what a path finds in one. */
import type { FieldPath } from '../../src/field-path.js';
import {
  type Json,
  type NamedSchema,
  type Random,
  type Shape,
  below,
  pick,
  shapeOf,
} from './avro-schemas.js';

const NUMBERS: Readonly<Record<string, (random: Random) => number>> = {
  int: (random) => pick(random, [0, -1, 63, 64, 2 ** 31 - 1, -(2 ** 31), below(random, 2 ** 31)]),
  // avsc itself writes no more than 2^53.
  long: (random) => pick(random, [0, -64, 2 ** 31, 2 ** 52, -(2 ** 52), Math.floor(random() * 2 ** 52)]),
  float: (random) => Math.fround(pick(random, [0, -1.5, 1e30, random()])),
  double: (random) => pick(random, [0, 1e300, -0.1, random() * 1000]),
};

/** A value is at most this deep; beyond it lists are empty and unions null where they can be. */
const DEPTH_MAX = 12;

export function randomValue(random: Random, of: NamedSchema, json: Json = of.schema, depth = 0): unknown {
  const shape = shapeOf(of, json);
  if (Array.isArray(shape)) {
    const branches = shape as readonly Json[];
    const none = branches.indexOf('null');
    const branch = depth > DEPTH_MAX && none >= 0 ? 'null' : pick(random, branches);
    return branch === 'null'
      ? null
      : { [branchName(of, branch)]: randomValue(random, of, branch, depth + 1) };
  }
  const one = shape as Shape;
  const number = NUMBERS[one.type];
  if (number !== undefined) return number(random);
  const count = depth > DEPTH_MAX ? 0 : below(random, 4);
  switch (one.type) {
    case 'null':
      return null;
    case 'boolean':
      return random() < 0.5;
    case 'bytes':
      return Buffer.from(Array.from({ length: below(random, 9) }, () => below(random, 256)));
    case 'string':
      return pick(random, ['', 'a', 'né', 'text'.repeat(5)]);
    case 'fixed':
      return Buffer.alloc(one.size as number, below(random, 256));
    case 'enum':
      return pick(random, one.symbols as readonly string[]);
    case 'array':
      return Array.from({ length: count }, () => randomValue(random, of, one.items as Json, depth + 1));
    case 'map':
      return Object.fromEntries(
        Array.from({ length: count }, (_, i) => [
          `k${i}`,
          randomValue(random, of, one.values as Json, depth + 1),
        ]),
      );
    default:
      return Object.fromEntries(
        (one.fields ?? []).map(({ name, type }) => [name, randomValue(random, of, type, depth + 1)]),
      );
  }
}

function branchName(of: NamedSchema, branch: Json): string {
  const shape = shapeOf(of, branch) as Shape;
  return shape.name ?? shape.type;
}

/** A place in a reader's schema where a scalar can stand. */
export interface Place {
  readonly path: FieldPath;
  readonly isNumeric: boolean;
}

const NUMERIC = new Set(['boolean', 'int', 'long', 'float', 'double']);
const SCALAR = new Set([...NUMERIC, 'bytes', 'string', 'fixed', 'enum']);

/** Places to a depth, arrays by their first indices, maps by the keys that randomValue writes. */
export function placesIn(of: NamedSchema, json: Json = of.schema, path: FieldPath = []): Place[] {
  if (path.length > 5) return [];
  const shape = shapeOf(of, json);
  if (Array.isArray(shape)) return unique((shape as Json[]).flatMap((branch) => placesIn(of, branch, path)));
  const one = shape as Shape;
  if (SCALAR.has(one.type)) return path.length === 0 ? [] : [{ path, isNumeric: NUMERIC.has(one.type) }];
  switch (one.type) {
    case 'array':
      return [0, 2].flatMap((index) => placesIn(of, one.items as Json, [...path, index]));
    case 'map':
      return ['k0', 'k1'].flatMap((key) => placesIn(of, one.values as Json, [...path, key]));
    case 'record':
      return (one.fields ?? []).flatMap(({ name, type }) => placesIn(of, type, [...path, name]));
    default:
      return [];
  }
}

function unique(places: readonly Place[]): Place[] {
  const found = new Map<string, Place>();
  for (const place of places) {
    const key = JSON.stringify(place.path);
    if (found.get(key)?.isNumeric !== true) found.set(key, place);
  }
  return [...found.values()];
}

const SECONDS: Readonly<Record<string, readonly [number, number]>> = {
  date: [86_400, 1],
  millis: [1, 1e3],
  micros: [1, 1e6],
  nanos: [1, 1e9],
};

/**
 * What stands at a path of a decoded value, as a feature sees it.
 * @returns undefined where it is missing
 */
export function numberAt(of: NamedSchema, json: Json, value: unknown, path: FieldPath): number | undefined {
  const shape = shapeOf(of, json);
  if (Array.isArray(shape)) {
    if (value === null) return undefined;
    const [[name, inner]] = Object.entries(value as object) as [[string, unknown]];
    const branch = (shape as Json[]).find((each) => branchName(of, each) === name) as Json;
    return numberAt(of, branch, inner, path);
  }
  const one = shape as Shape;
  const [segment, ...rest] = path;
  if (segment === undefined) return scalar(one, value);
  switch (one.type) {
    case 'array': {
      // A name is none of its items, not even `constructor`.
      const item = typeof segment === 'number' ? (value as unknown[])[segment] : undefined;
      return item === undefined ? undefined : numberAt(of, one.items as Json, item, rest);
    }
    case 'map':
      return Object.hasOwn(value as object, segment)
        ? numberAt(of, one.values as Json, (value as Record<string, unknown>)[segment], rest)
        : undefined;
    case 'record': {
      const field = one.fields?.find(({ name }) => name === segment);
      return field === undefined
        ? undefined
        : numberAt(of, field.type, (value as Record<string, unknown>)[segment], rest);
    }
    default:
      return undefined;
  }
}

function scalar({ type, logicalType }: Shape, value: unknown): number | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'number') return undefined;
  const [multiply, divide] = SECONDS[logicalType?.split('-').pop() ?? ''] ?? [1, 1];
  return ((type === 'float' ? Math.fround(value) : value) * multiply) / divide;
}
