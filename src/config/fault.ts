import { z } from 'zod';
import { ConfigurationError } from '../errors.js';
import { nearest } from '../nearest.js';

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
  const near = nearest(String(path.at(-1)), known);
  return configurationError(
    file,
    path,
    `unknown key${near === null ? '' : `; the nearest key is '${near}'`}`,
  );
}

/**
 * The first issue that zod found, as a person would say it.
 * @param besides keys that stand beside those of the schema
 */
export function fromZod(
  file: string,
  schema: z.ZodType,
  error: z.ZodError,
  prefix: readonly PropertyKey[] = [],
  besides: readonly string[] = [],
): ConfigurationError {
  // A misspelt key is named before the required one that it was meant to be.
  const found = error.issues.map(deepest);
  const issue = found.find(({ code }) => code === 'unrecognized_keys') ?? (found[0] as z.core.$ZodIssue);
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue) ?? keysAt(schema, issue.path);
    const all = issue.path.length === 0 ? [...known, ...besides] : known;
    return unknownKeyError(file, [...path, issue.keys[0] as string], all);
  }
  if (isAbsence(issue)) return configurationError(file, path, 'is required');
  return configurationError(file, path, issue.message.replace(/^Invalid (input|option): /, ''));
}

/** A schema whose keys depend on its value says itself which they are: `known`. */
function knownKeys(issue: z.core.$ZodIssue): readonly string[] | null {
  return 'known' in issue && Array.isArray(issue.known) ? (issue.known as string[]) : null;
}

function isAbsence({ code, message }: z.core.$ZodIssue): boolean {
  return code === 'invalid_type' && message.endsWith('received undefined');
}

type Issues = readonly z.core.$ZodIssue[];

/** Of a union's branches, the fault of the one that was meant; where that is not clear, what the branches are. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const under = (inner: z.core.$ZodIssue): z.core.$ZodIssue =>
    deepest({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue);
  // A branch of another type says one thing only, of the value as a whole.
  const near = issue.errors.filter((issues) => !issues.every(isOtherType));
  const stranger = near[0]?.find((candidate) => isOfAll(candidate, near, 'unrecognized_keys'));
  if (stranger?.code === 'unrecognized_keys') {
    const keys = stranger.keys.filter((key) => near.every((issues) => strangers(issues).includes(key)));
    return under({ ...stranger, keys });
  }
  const meant = near.find((issues) => issues.every((inner) => !isAbsence(inner) && !isStranger(inner)));
  if (meant?.[0] !== undefined) return under(meant[0]);
  const absent = near[0]?.find((candidate) => isOfAll(candidate, near, 'invalid_type'));
  if (absent !== undefined) return under(absent);
  if (issue.message !== 'Invalid input') return issue;
  const expected = issue.errors
    .flatMap(([first]) => first?.message.replace(/^Invalid (input|option): expected /, '') ?? [])
    .join(', or ');
  return { ...issue, message: `expected ${expected}` };
}

function isOtherType({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function isStranger({ code }: z.core.$ZodIssue): boolean {
  return code === 'unrecognized_keys';
}

/** Keys that a branch does not know. */
function strangers(issues: Issues): string[] {
  return issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
}

/** Whether every branch objects to the same: a key that none knows, or one that all miss. */
function isOfAll(
  candidate: z.core.$ZodIssue,
  branches: readonly Issues[],
  code: 'unrecognized_keys' | 'invalid_type',
): boolean {
  if (candidate.code !== code) return false;
  if (candidate.code === 'unrecognized_keys')
    return candidate.keys.some((key) => branches.every((issues) => strangers(issues).includes(key)));
  const place = formatKey(candidate.path);
  return branches.every((issues) =>
    issues.some((issue) => isAbsence(issue) && formatKey(issue.path) === place),
  );
}

/** The keys that an object schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodUnion) return bare.options.flatMap((option) => keysAt(option as z.ZodType, path));
  const [key, ...rest] = path;
  if (bare instanceof z.ZodArray && typeof key === 'number') return keysAt(bare.element as z.ZodType, rest);
  if (!(bare instanceof z.ZodObject)) return [];
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
