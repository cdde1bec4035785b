import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { ConfigurationError } from '../errors.js';

/** `input.schema`, `features[2].field`. */
export function formatKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`,
    '',
  );
}

export function configurationError(
  file: string,
  path: readonly PropertyKey[],
  message: string,
): ConfigurationError {
  return new ConfigurationError(`${file}: ${path.length === 0 ? '' : `${formatKey(path)}: `}${message}`);
}

export function unknownKeyError(
  file: string,
  path: readonly PropertyKey[],
  known: readonly string[],
): ConfigurationError {
  const near = known.length === 0 ? '' : `; the nearest key is '${closest(String(path.at(-1)), [...known])}'`;
  return configurationError(file, path, `unknown key${near}`);
}

/** The first issue that zod found, as a person would say it. */
export function fromZod(
  file: string,
  schema: z.ZodType,
  error: z.ZodError,
  prefix: readonly PropertyKey[] = [],
): ConfigurationError {
  // A misspelt key is named before the required one that it was meant to be.
  const found = error.issues.map(deepest);
  const issue = found.find(({ code }) => code === 'unrecognized_keys') ?? (found[0] as z.core.$ZodIssue);
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return unknownKeyError(file, [...path, issue.keys[0] as string], keysAt(schema, issue.path));
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return configurationError(file, path, 'is required');
  return configurationError(file, path, issue.message.replace(/^Invalid (input|option): /, ''));
}

/** Of a union's branches, the fault of the one that came furthest. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const candidates = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const objectLike = candidates.find(
    (candidate) => candidate.path.length > 0 || candidate.code === 'unrecognized_keys',
  );
  if (objectLike === undefined) {
    const expected = candidates
      .map((candidate) => candidate.message.replace(/^Invalid (input|option): expected /, ''))
      .join(', or ');
    return { ...issue, message: `expected ${expected}` };
  }
  return { ...objectLike, path: [...issue.path, ...objectLike.path] } as z.core.$ZodIssue;
}

/** The keys that an object schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodUnion) return bare.options.flatMap((option) => keysAt(option as z.ZodType, path));
  if (!(bare instanceof z.ZodObject)) return [];
  const [key, ...rest] = path;
  const shape = bare.shape as Record<string, z.ZodType>;
  if (key === undefined) return Object.keys(shape);
  const inner = shape[String(key)];
  return inner === undefined ? [] : keysAt(inner, rest);
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
}
