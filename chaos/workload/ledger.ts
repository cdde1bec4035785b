import type { Event } from './events.js';

interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** What the producers know: what they sent, and what of it was acknowledged, where. */
export class Ledger {
  private readonly events: Event[] = [];
  private readonly places = new Map<number, Place>();
  private readonly ends = new Map<number, number>();

  /** An event's id is its number in here. */
  sent(event: Event): void {
    this.events[event.id] = event;
  }

  acknowledged(id: number, partition: number, offset: number): void {
    this.places.set(id, { partition, offset });
    this.ends.set(partition, Math.max(this.ends.get(partition) ?? 0, offset + 1));
  }

  get sentCount(): number {
    return this.events.length;
  }

  get acknowledgedCount(): number {
    return this.places.size;
  }

  /** Sent without ever hearing whether it was written: it may be there or not. */
  get unknownCount(): number {
    return this.events.length - this.places.size;
  }

  /** By partition, the offset after the last that was acknowledged. */
  acknowledgedEnds(): ReadonlyMap<number, number> {
    return new Map(this.ends);
  }

  *all(): Generator<{ readonly event: Event; readonly place: Place | null }> {
    for (const event of this.events) yield { event, place: this.places.get(event.id) ?? null };
  }
}
