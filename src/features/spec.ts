import { z } from 'zod';
import { type FieldPath, expandRange, formatFieldPath, parseFieldPath } from '../field-path.js';

/** Widest feature vector. */
export const FEATURES_MAX = 4096;

const name = z.string().min(1).max(200);
const missing = z.union([z.literal('dead-letter'), z.number()]).optional();
const pair = z.tuple([z.string(), z.string()]);

/** The object forms, told apart by the key that only they have. */
const FORMS = {
  transform: z.strictObject({
    name,
    field: z.string(),
    transform: z.enum(['log1p', 'sqrt', 'abs']),
    missing,
  }),
  scale: z.strictObject({
    name,
    field: z.string(),
    scale: z.union([
      z.strictObject({ mean: z.number(), std: z.number().positive() }),
      z.strictObject({ min: z.number(), max: z.number() }),
    ]),
    missing,
  }),
  ratio: z.strictObject({ name, ratio: pair, missing }),
  difference: z.strictObject({ name, difference: pair, missing }),
  product: z.strictObject({ name, product: pair, missing }),
  part: z.strictObject({ name, field: z.string(), part: z.enum(['hour-of-day', 'day-of-week']), missing }),
  field: z.strictObject({ name, field: z.string(), missing }),
} as const;

type FormKey = keyof typeof FORMS;
const FORM_KEYS = Object.keys(FORMS) as FormKey[];
export const FEATURE_KEYS: readonly string[] = ['name', 'missing', ...FORM_KEYS];

/** An earlier feature by its place in the vector, or a field of the event by its column. */
export type Operand = { readonly feature: number } | { readonly field: number };

export type FeatureRule =
  | { readonly op: 'value'; readonly of: Operand }
  | { readonly op: 'log1p' | 'sqrt' | 'abs'; readonly of: Operand }
  | { readonly op: 'scale'; readonly of: Operand; readonly shift: number; readonly divisor: number }
  | { readonly op: 'ratio' | 'difference' | 'product'; readonly of: Operand; readonly by: Operand }
  | { readonly op: 'hour-of-day' | 'day-of-week'; readonly of: Operand };

export interface Feature {
  readonly name: string;
  readonly rule: FeatureRule;
  /** Stands in for a missing value; null: the event is a dead letter. */
  readonly missing: number | null;
  /** What the feature is, in one line; a model trained on another definition does not fit. */
  readonly definition: string;
}

export interface FeatureSpec {
  readonly features: readonly Feature[];
  /** Fields of the event that are needed, each once; their order is the order of the decoder's columns. */
  readonly fields: readonly FieldPath[];
  /** Columns that a `part` reads: they must be times. */
  readonly timeFields: ReadonlySet<number>;
}

/** Something wrong with entry `index` of the list; `key` is the path inside the entry. */
export interface SpecFault {
  readonly index: number;
  readonly key: readonly (string | number)[];
  readonly message: string;
  readonly unknownKey?: string;
}

export function isSpecFault(result: FeatureSpec | SpecFault): result is SpecFault {
  return 'message' in result;
}

/**
 * The configuration's `features:` list to a spec whose order is the vector's order.
 * @param entries the list as it was written, variables already replaced
 */
export function compileFeatureSpec(entries: readonly unknown[]): FeatureSpec | SpecFault {
  const builder = new Builder();
  for (const [index, entry] of entries.entries()) {
    const fault = typeof entry === 'string' ? builder.addPath(index, entry) : builder.addObject(index, entry);
    if (fault !== null) return fault;
  }
  return builder.spec();
}

class Builder {
  private readonly features: Feature[] = [];
  private readonly places = new Map<string, number>();
  private readonly fields: FieldPath[] = [];
  private readonly columns = new Map<string, number>();
  private readonly timeFields = new Set<number>();

  spec(): FeatureSpec {
    return { features: this.features, fields: this.fields, timeFields: this.timeFields };
  }

  addPath(index: number, text: string): SpecFault | null {
    const paths = expandRange(text);
    if (paths === null)
      return { index, key: [], message: `'${text}' is not a range: write values[0..8], at most 4096 wide` };
    for (const written of paths) {
      const path = parseFieldPath(written);
      if (path === null)
        return {
          index,
          key: [],
          message: `'${written}' is not a field path: write amount, payload.cpu or values[3]`,
        };
      const of = this.fieldOperand(path);
      const title = formatFieldPath(path);
      const fault = this.add(index, {
        name: title,
        rule: { op: 'value', of },
        missing: null,
        definition: title,
      });
      if (fault !== null) return fault;
    }
    return null;
  }

  addObject(index: number, entry: unknown): SpecFault | null {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      return { index, key: [], message: 'a feature is a field path or an object with a name' };
    }
    const form = FORM_KEYS.find((key) => key in entry);
    if (form === undefined) {
      const stranger = Object.keys(entry).find((key) => !FEATURE_KEYS.includes(key));
      const message = `a feature object needs one of: ${FORM_KEYS.join(', ')}`;
      return stranger === undefined
        ? { index, key: [], message }
        : { index, key: [stranger], message, unknownKey: stranger };
    }
    const parsed = FORMS[form].safeParse(entry);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const stranger = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const key = (issue?.path ?? []) as (string | number)[];
      const message = issue?.message ?? 'not a feature';
      return stranger === undefined
        ? { index, key, message }
        : { index, key: [...key, stranger], message, unknownKey: stranger };
    }
    return this.addForm(index, parsed.data);
  }

  private addForm(index: number, form: z.infer<(typeof FORMS)[FormKey]>): SpecFault | null {
    const missingValue = form.missing === undefined || form.missing === 'dead-letter' ? null : form.missing;
    const done = (rule: FeatureRule, definition: string): SpecFault | null =>
      this.add(index, {
        name: form.name,
        rule,
        missing: missingValue,
        definition: missingValue === null ? definition : `${definition}, missing ${missingValue}`,
      });

    for (const op of ['ratio', 'difference', 'product'] as const) {
      const names = (form as Partial<Record<typeof op, [string, string]>>)[op];
      if (names === undefined) continue;
      const [of, by] = [this.operand(names[0]), this.operand(names[1])];
      if (of === null || by === null)
        return {
          index,
          key: [op],
          message: `'${of === null ? names[0] : names[1]}' is neither an earlier feature nor a field path`,
        };
      return done({ op, of, by }, `${op}(${names[0]}, ${names[1]})`);
    }
    const { field } = form as { field: string };
    const of = this.operand(field);
    if (of === null)
      return { index, key: ['field'], message: `'${field}' is neither an earlier feature nor a field path` };
    if ('transform' in form) return done({ op: form.transform, of }, `${form.transform}(${field})`);
    if ('part' in form) {
      if ('field' in of) this.timeFields.add(of.field);
      return done({ op: form.part, of }, `${form.part}(${field})`);
    }
    if ('scale' in form) {
      const { scale } = form;
      const [shift, divisor] = 'mean' in scale ? [scale.mean, scale.std] : [scale.min, scale.max - scale.min];
      if (!(divisor > 0)) return { index, key: ['scale'], message: 'max must be greater than min' };
      return done({ op: 'scale', of, shift, divisor }, `(${field} - ${shift}) / ${divisor}`);
    }
    return done({ op: 'value', of }, field);
  }

  private add(index: number, feature: Feature): SpecFault | null {
    if (this.places.has(feature.name))
      return { index, key: [], message: `two features are named '${feature.name}'` };
    if (this.features.length >= FEATURES_MAX)
      return { index, key: [], message: `more than ${FEATURES_MAX} features` };
    this.places.set(feature.name, this.features.length);
    this.features.push(feature);
    return null;
  }

  private operand(text: string): Operand | null {
    const feature = this.places.get(text);
    if (feature !== undefined) return { feature };
    const path = parseFieldPath(text);
    return path === null ? null : this.fieldOperand(path);
  }

  private fieldOperand(path: FieldPath): Operand {
    const title = formatFieldPath(path);
    let field = this.columns.get(title);
    if (field === undefined) {
      field = this.fields.length;
      this.columns.set(title, field);
      this.fields.push(path);
    }
    return { field };
  }
}
