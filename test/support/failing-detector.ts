import type { Detector, Explanation } from '../../src/detect/detector.js';

/** What goes wrong with a row; the row says it itself, in its second feature. */
export const FAILURES = [
  'none',
  'score-throws',
  'score-is-NaN',
  'score-is-Infinity',
  'score-below-0',
  'score-above-1',
  'score-is-left-out',
  'explain-throws',
  'explain-NaN',
  'explain-short',
  'expected-NaN',
] as const;

export type Failure = (typeof FAILURES)[number];

/** What the dead letter of each has to say. */
export const MESSAGES: Readonly<Record<Exclude<Failure, 'none'>, RegExp>> = {
  'score-throws': /^cannot score 0\.\d+$/,
  'score-is-NaN': /^the score is NaN, not in \[0, 1\]$/,
  'score-is-Infinity': /^the score is Infinity, not in \[0, 1\]$/,
  'score-below-0': /^the score is -0\.1, not in \[0, 1\]$/,
  'score-above-1': /^the score is 1\.1, not in \[0, 1\]$/,
  'score-is-left-out': /^the score is NaN, not in \[0, 1\]$/,
  'explain-throws': /^cannot explain$/,
  'explain-NaN': /^the explanation of feature 1 is NaN$/,
  'explain-short': /^an explanation of 1 numbers for 1 rows$/,
  'expected-NaN': /^the explanation of feature 0 is NaN$/,
};

/** Rows of two features: the score, and the number of the failure in FAILURES. Leaves half-done work behind when it throws. */
export class FailingDetector implements Detector {
  constructor(private readonly isAsync: boolean) {}

  score(values: Float64Array, rows: number, scores: Float64Array): void | Promise<void> {
    return this.later(() => {
      for (let row = 0; row < rows; row++) {
        const score = values[2 * row] as number;
        switch (failureOf(values, row)) {
          case 'score-throws':
            throw new Error(`cannot score ${score}`);
          case 'score-is-NaN':
            scores[row] = NaN;
            break;
          case 'score-is-Infinity':
            scores[row] = Infinity;
            break;
          case 'score-below-0':
            scores[row] = -0.1;
            break;
          case 'score-above-1':
            scores[row] = 1.1;
            break;
          case 'score-is-left-out':
            break;
          default:
            // As a sum over trees would: what stood there is not to matter.
            scores[row] = Number.isNaN(scores[row]) ? score : (scores[row] as number) + score;
        }
      }
    });
  }

  explain(values: Float64Array, rows: number): Explanation | Promise<Explanation> {
    return this.later(() => {
      const contributions = Array.from({ length: rows }, (_, row) => [values[2 * row] as number, 1]).flat();
      const low = Array.from(values, (value) => value - 1);
      for (let row = 0; row < rows; row++) {
        const failure = failureOf(values, row);
        if (failure === 'explain-throws') throw new Error('cannot explain');
        if (failure === 'explain-NaN') contributions[2 * row + 1] = NaN;
        if (failure === 'explain-short') contributions.pop();
        if (failure === 'expected-NaN') low[2 * row] = NaN;
      }
      return {
        contributions: Float64Array.from(contributions),
        expected: { low: Float64Array.from(low), high: values.slice() },
      };
    });
  }

  private later<T>(work: () => T): T | Promise<T> {
    return this.isAsync ? Promise.resolve().then(work) : work();
  }
}

export function failureOf(values: Float64Array, row: number): Failure {
  return FAILURES[values[2 * row + 1] as number] ?? 'none';
}
