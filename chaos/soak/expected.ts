import type { Names } from '../fleet/configuration.js';
import type { ReadRecord } from '../verdict/reading.js';
import { type Left, reckonOutput } from '../verdict/reckon-output.js';
import { placeText } from '../verdict/verdict.js';
import type { Event } from '../workload/events.js';
import type { EventLedger } from '../workload/workload.js';

/** A ledger for millions of events: it keeps those that cause something, and counts the others. */
export class Expected implements EventLedger {
  sentCount = 0;
  acknowledgedCount = 0;
  private readonly pending = new Map<number, Event>();
  private readonly wanted = new Map<string, Event>();

  constructor(private readonly names: Names) {}

  get expectedCount(): number {
    return this.wanted.size;
  }

  sent(event: Event): void {
    this.sentCount++;
    if (event.kind !== 'normal') this.pending.set(event.id, event);
  }

  acknowledged(id: number, partition: number, offset: number): void {
    this.acknowledgedCount++;
    const event = this.pending.get(id);
    if (event === undefined) return;
    this.pending.delete(id);
    this.wanted.set(placeText({ topic: this.names.input, partition, offset }), event);
  }

  /** @param output everything that is committed in the output topics */
  reckon(output: readonly ReadRecord[], outputPartitions: number, note: (text: string) => void): Left {
    return reckonOutput(this.wanted, this.names, outputPartitions, output, note);
  }
}
