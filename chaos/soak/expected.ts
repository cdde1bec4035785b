import type { Event } from '../workload/events.js';
import type { ReadRecord } from '../verdict/reading.js';
import { verdictOf } from '../verdict/reckon.js';
import type { Names } from '../fleet/configuration.js';

/** A ledger for millions of events: it keeps those that cause something, and counts the others. */
export class Expected {
  sentCount = 0;
  acknowledgedCount = 0;
  private readonly pending = new Map<number, Event['kind']>();
  private readonly due = new Map<string, Event['kind']>();

  constructor(private readonly names: Names) {}

  sent({ id, kind }: Event): void {
    this.sentCount++;
    if (kind !== 'normal') this.pending.set(id, kind);
  }

  acknowledged(id: number, partition: number, offset: number): void {
    this.acknowledgedCount++;
    const kind = this.pending.get(id);
    if (kind === undefined) return;
    this.pending.delete(id);
    this.due.set(`${this.names.input}/${partition}/${offset}`, kind);
  }

  /** @param output everything that is committed in the output topics */
  reckon(output: readonly ReadRecord[]): {
    readonly expected: number;
    readonly found: number;
    readonly missing: number;
    readonly duplicates: number;
    readonly unexpected: number;
  } {
    const found = new Map<string, number>();
    let unexpected = 0;
    for (const record of output) {
      const { source, kind } = verdictOf(record, this.names);
      if (this.due.get(source) !== kind) unexpected++;
      else found.set(source, (found.get(source) ?? 0) + 1);
    }
    const times = [...found.values()];
    return {
      expected: this.due.size,
      found: times.reduce((sum, count) => sum + count, 0),
      missing: this.due.size - found.size,
      duplicates: times.reduce((sum, count) => sum + count - 1, 0),
      unexpected,
    };
  }
}
