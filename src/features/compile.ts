import type { FeatureBatch, FieldBatch, Reject } from '../model.js';
import type { Feature, FeatureRule, FeatureSpec, Operand } from './spec.js';

/** Decoded fields to finite feature vectors; the events that have none become rejects. Pure. */
export type FeatureStage = (batch: FieldBatch) => FeatureBatch;

/** @returns the stage for a spec; where every feature is a field in place it passes the decoder's matrix on, uncopied */
export function compileFeatures(spec: FeatureSpec): FeatureStage {
  const identity =
    spec.fields.length === spec.features.length &&
    spec.features.every(
      ({ rule, missing }, i) =>
        rule.op === 'value' && 'field' in rule.of && rule.of.field === i && missing === null,
    );
  return (batch) => {
    if (identity && batch.missing === null && allFinite(batch.fields, batch.rows * batch.width)) {
      return {
        rows: batch.rows,
        width: batch.width,
        values: batch.fields,
        row: ascending(batch.rows),
        rejects: [],
      };
    }
    return computeRows(spec, batch);
  };
}

/** Hot path: x * 0 is NaN for NaN and the infinities, and 0 for everything else. */
function allFinite(values: Float64Array, count: number): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (values[i] as number) * 0;
  return sum === 0;
}

let rising = new Int32Array(0);
function ascending(count: number): Int32Array {
  if (rising.length < count) rising = Int32Array.from({ length: count * 2 }, (_, i) => i);
  return rising.subarray(0, count);
}

function computeRows(spec: FeatureSpec, batch: FieldBatch): FeatureBatch {
  const { features } = spec;
  const width = features.length;
  const values = new Float64Array(batch.rows * width);
  const row = new Int32Array(batch.rows);
  const rejects: Reject[] = [];
  let rows = 0;
  for (let from = 0; from < batch.rows; from++) {
    const base = rows * width;
    const fault = computeRow(features, batch, from, values, base);
    if (fault === null) row[rows++] = from;
    else rejects.push({ index: batch.source[from] as number, ...fault });
  }
  return { rows, width, values: values.subarray(0, rows * width), row: row.subarray(0, rows), rejects };
}

type RowFault = Pick<Reject, 'reason' | 'message'>;

function computeRow(
  features: readonly Feature[],
  batch: FieldBatch,
  from: number,
  out: Float64Array,
  base: number,
): RowFault | null {
  const fieldBase = from * batch.width;
  for (const [i, feature] of features.entries()) {
    let value = apply(feature.rule, batch, fieldBase, out, base);
    if (value === undefined) {
      if (feature.missing === null)
        return { reason: 'feature-missing', message: `feature ${feature.name} is null or absent` };
      value = feature.missing;
    }
    if (!Number.isFinite(value))
      return { reason: 'feature-not-finite', message: `feature ${feature.name} is ${value}` };
    out[base + i] = value;
  }
  return null;
}

/** @returns undefined when an operand is missing */
function apply(
  rule: FeatureRule,
  batch: FieldBatch,
  fieldBase: number,
  out: Float64Array,
  base: number,
): number | undefined {
  const a = operand(rule.of, batch, fieldBase, out, base);
  if (a === undefined) return undefined;
  switch (rule.op) {
    case 'value':
      return a;
    case 'log1p':
      return Math.log1p(a);
    case 'sqrt':
      return Math.sqrt(a);
    case 'abs':
      return Math.abs(a);
    case 'scale':
      return (a - rule.shift) / rule.divisor;
    case 'hour-of-day':
      return Math.floor(modulo(a, 86_400) / 3600);
    case 'day-of-week':
      // 1970-01-01 was a Thursday; ISO 8601 counts Monday as 1.
      return modulo(Math.floor(a / 86_400) + 3, 7) + 1;
    default: {
      const b = operand(rule.by, batch, fieldBase, out, base);
      if (b === undefined) return undefined;
      if (rule.op === 'ratio') return a / b;
      return rule.op === 'difference' ? a - b : a * b;
    }
  }
}

function operand(
  of: Operand,
  batch: FieldBatch,
  fieldBase: number,
  out: Float64Array,
  base: number,
): number | undefined {
  if ('feature' in of) return out[base + of.feature];
  const at = fieldBase + of.field;
  return batch.missing !== null && batch.missing[at] === 1 ? undefined : batch.fields[at];
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
