import type { Outcome } from './treatment.js';

/** Why a letter was not taken. `cut`: its value is not whole. `others`: another group's, or another input topic's. */
export type PassedOver = 'done' | 'not-matching' | 'others' | 'cut';

/** What a redrive did, in letters. What was taken counts once it is committed. */
export class RedriveTally {
  /** Of the last pass over the range; a pass that failed is read again. */
  passedOver: Record<PassedOver, number> = nothingPassed();
  readonly outcomes: Record<Outcome, number> = {
    anomaly: 0,
    normal: 0,
    sent: 0,
    'failed-again': 0,
    parked: 0,
    unusable: 0,
  };

  startPass(): void {
    this.passedOver = nothingPassed();
  }

  passOver(counts: Readonly<Record<PassedOver, number>>): void {
    for (const why of Object.keys(counts) as PassedOver[]) this.passedOver[why] += counts[why];
  }

  take(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) this.outcomes[outcome]++;
  }

  get taken(): number {
    return Object.values(this.outcomes).reduce((sum, count) => sum + count, 0);
  }

  get read(): number {
    return this.taken + Object.values(this.passedOver).reduce((sum, count) => sum + count, 0);
  }
}

export function nothingPassed(): Record<PassedOver, number> {
  return { done: 0, 'not-matching': 0, others: 0, cut: 0 };
}
