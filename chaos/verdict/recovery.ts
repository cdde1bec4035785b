import type { Ledger } from '../workload/ledger.js';

interface Waiting {
  readonly started: number;
  readonly targets: ReadonlyMap<number, number>;
  readonly done: (ms: number | null) => void;
}

/**
 * How long it takes until everything that was in the input at a moment is committed. Fed with the group's committed
 * offsets as they move.
 */
export class Recovery {
  private readonly committed = new Map<number, number>();
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly ledger: Ledger) {}

  /** From now on. @returns ms; null when it never came to be */
  begin(): Promise<number | null> {
    return new Promise((done) => {
      this.waiting.add({ started: performance.now(), targets: this.ledger.acknowledgedEnds(), done });
      this.settle();
    });
  }

  moved(partition: number, offset: number): void {
    this.committed.set(partition, offset);
    this.settle();
  }

  committedOffsets(): ReadonlyMap<number, number> {
    return this.committed;
  }

  /** Nothing moves any more. */
  end(): void {
    for (const { done } of this.waiting) done(null);
    this.waiting.clear();
  }

  private settle(): void {
    for (const one of this.waiting) {
      if ([...one.targets].some(([partition, end]) => (this.committed.get(partition) ?? 0) < end)) continue;
      this.waiting.delete(one);
      one.done(performance.now() - one.started);
    }
  }
}
