import { UnusableSchemaError } from '../errors.js';
import type { NormalField, NormalSchema, NormalType } from './normal-type.js';
import { SCHEMA_LIMITS } from './schema-limits.js';

/**
 * Counts the values of a schema's defaults before anybody builds them. A record's default may leave fields to their own
 * defaults: ten records of ten fields, each with the default {}, are ten thousand million values.
 */
export class DefaultSizes {
  private readonly sizes = new Map<NormalField, number>();
  private total = 0;

  constructor(private readonly named: ReadonlyMap<string, NormalType>) {}

  /**
   * Gives a field its default, if it has one. A whole number beyond 2^53 is not kept: JSON has lost its last digits
   * already, and avsc refuses it. The field then has no default, which no writer minds; a reader that needs it says so.
   * @throws UnusableSchemaError
   */
  give(field: NormalField, value: unknown): void {
    if (value === undefined) return;
    const size = this.measure(field.type, value, 0);
    if (Number.isNaN(size)) return;
    field.default = value;
    this.sizes.set(field, size);
    this.total += size;
    const { defaultValuesMax } = SCHEMA_LIMITS;
    if (this.total > defaultValuesMax) refuse(`more than ${defaultValuesMax} values in its defaults`);
  }

  /** @returns how many values there are, at least 1; NaN where one cannot be kept */
  private measure(type: NormalSchema, value: unknown, depth: number): number {
    if (depth > SCHEMA_LIMITS.depthMax) refuse(`a default nested deeper than ${SCHEMA_LIMITS.depthMax}`);
    if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) > LONG_MAX ? NaN : 1;
    if (typeof value !== 'object' || value === null) return 1;
    if (Object.hasOwn(value, '__proto__')) refuse('a default with the key __proto__');
    const shape = this.shapeOf(type);
    if (shape?.fields !== undefined) {
      return shape.fields.reduce((sum, field) => {
        const given = Object.hasOwn(value, field.name) ? (value as Values)[field.name] : undefined;
        return (
          sum +
          (given === undefined ? (this.sizes.get(field) ?? 0) : this.measure(field.type, given, depth + 1))
        );
      }, 1);
    }
    // Whether it fits its type is for avsc to say.
    const inner = shape?.items ?? shape?.values ?? 'null';
    return Object.values(value).reduce<number>((sum, each) => sum + this.measure(inner, each, depth + 1), 1);
  }

  /** A union's default belongs to its first branch. */
  private shapeOf(type: NormalSchema | undefined): NormalType | undefined {
    if (Array.isArray(type)) return this.shapeOf((type as readonly NormalSchema[])[0]);
    return typeof type === 'string' ? this.named.get(type) : (type as NormalType | undefined);
  }
}

type Values = Readonly<Record<string, unknown>>;

/** What avsc takes for a long. */
const LONG_MAX = 9_007_199_254_740_990;

function refuse(fault: string): never {
  throw new UnusableSchemaError(fault);
}
