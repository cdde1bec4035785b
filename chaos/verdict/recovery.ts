import { latch } from '../waiting.js';
import type { Ledger } from '../workload/ledger.js';

interface Waiting {
  readonly started: number;
  readonly targets: ReadonlyMap<number, number>;
  readonly done: (ms: number | null) => void;
}

/** What a fault cost, in ms. */
export interface Cost {
  /** From its start until everything that was in the input by then was committed. */
  readonly recoveryMs: number;
  /** The longest that any partition stood still, from its start until it was undone and caught up with. */
  readonly pauseMs: number;
}

/** How long the fleet takes to catch up. Fed with the group's committed offsets as they move. */
export class Recovery {
  private readonly committed = new Map<number, number>();
  private readonly movedAt = new Map<number, number>();
  private readonly waiting = new Set<Waiting>();
  private readonly pauses = new Set<{ readonly started: number; longestMs: number }>();

  private isOver = false;

  constructor(private readonly ledger: Ledger) {}

  /** Resolves when everything that is in the input now is committed. @returns ms; null when it never came to be */
  caughtUp(): Promise<number | null> {
    if (this.isOver) return Promise.resolve(null);
    const { promise, open } = latch<number | null>();
    this.waiting.add({ started: performance.now(), targets: this.ledger.acknowledgedEnds(), done: open });
    this.settle();
    return promise;
  }

  /**
   * From now on.
   * @param undone resolves when nothing of the fault is left
   * @returns null when it was never caught up with
   */
  async costOf(undone: Promise<unknown>): Promise<Cost | null> {
    const pause = { started: performance.now(), longestMs: 0 };
    this.pauses.add(pause);
    const recoveryMs = await this.caughtUp();
    await undone;
    const last = await this.caughtUp();
    this.pauses.delete(pause);
    return recoveryMs === null || last === null ? null : { recoveryMs, pauseMs: pause.longestMs };
  }

  moved(partition: number, offset: number): void {
    const now = performance.now();
    for (const pause of this.pauses) {
      const since = Math.max(pause.started, this.movedAt.get(partition) ?? 0);
      pause.longestMs = Math.max(pause.longestMs, now - since);
    }
    this.movedAt.set(partition, now);
    this.committed.set(partition, offset);
    this.settle();
  }

  committedOffsets(): ReadonlyMap<number, number> {
    return this.committed;
  }

  /** Nothing moves any more. */
  end(): void {
    this.isOver = true;
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
