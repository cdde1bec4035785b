import { z } from 'zod';
import { type Detector, DetectorConfigFault, type DetectorKind, type Explanation } from './detector.js';
import { toShares } from './shares.js';

const feature = z.string().min(1);
const ruleSchema = z.union(
  [
    z.strictObject({ feature, above: z.number() }),
    z.strictObject({ feature, below: z.number() }),
    z.strictObject({ feature, outside: z.tuple([z.number(), z.number()]) }),
    z.strictObject({ feature, equals: z.number() }),
  ],
  'expected one of above, below, outside, equals',
);
type Rule = z.infer<typeof ruleSchema>;
const options = z.strictObject({ rules: z.array(ruleSchema).min(1) });

interface Check {
  readonly column: number;
  hits(value: number): boolean;
}

/** Hand-written rules: score 1 where any of them hits, else 0; the features whose rules hit share the contribution. */
export const threshold: DetectorKind = {
  type: 'threshold',
  options,
  imports: 'never',
  train: null,
  create(configured, features) {
    const { rules } = configured as z.infer<typeof options>;
    const checks = rules.map((rule, i) => compileRule(rule, i, features));
    return new ThresholdDetector(checks, features.length);
  },
};

function compileRule(rule: Rule, index: number, features: readonly string[]): Check {
  const column = features.indexOf(rule.feature);
  if (column < 0)
    throw new DetectorConfigFault(['rules', index, 'feature'], `there is no feature '${rule.feature}'`);
  if ('above' in rule) return { column, hits: (value) => value > rule.above };
  if ('below' in rule) return { column, hits: (value) => value < rule.below };
  if ('equals' in rule) return { column, hits: (value) => value === rule.equals };
  const [low, high] = rule.outside;
  if (low > high) throw new DetectorConfigFault(['rules', index, 'outside'], 'the lower bound comes first');
  return { column, hits: (value) => value < low || value > high };
}

class ThresholdDetector implements Detector {
  constructor(
    private readonly checks: readonly Check[],
    private readonly width: number,
  ) {}

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    const { checks, width } = this;
    for (let row = 0; row < rows; row++) {
      const base = row * width;
      let score = 0;
      for (let i = 0; i < checks.length; i++) {
        const check = checks[i] as Check;
        if (check.hits(values[base + check.column] as number)) {
          score = 1;
          break;
        }
      }
      scores[row] = score;
    }
  }

  explain(values: Float64Array, rows: number): Explanation {
    const { width } = this;
    const contributions = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const hit = contributions.subarray(row * width, (row + 1) * width);
      for (const { column, hits } of this.checks)
        if (hits(values[row * width + column] as number)) hit[column] = 1;
      toShares(hit);
    }
    return { contributions, expected: null };
  }
}
