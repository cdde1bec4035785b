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

  /** Whether everything in the range was looked at; otherwise it was asked to stop. */
  isComplete = false;

  /** @param isDryRun nothing of the pass before is committed: all of it is counted again */
  startPass(isDryRun: boolean): void {
    this.passedOver = nothingPassed();
    // What goes on waiting is met again.
    this.outcomes.unusable = 0;
    if (isDryRun) for (const outcome of Object.keys(this.outcomes) as Outcome[]) this.outcomes[outcome] = 0;
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

  /** Those that the ledger has as done. */
  get committed(): number {
    return this.taken - this.outcomes.unusable;
  }

  get read(): number {
    return this.taken + Object.values(this.passedOver).reduce((sum, count) => sum + count, 0);
  }
}

export function nothingPassed(): Record<PassedOver, number> {
  return { done: 0, 'not-matching': 0, others: 0, cut: 0 };
}
