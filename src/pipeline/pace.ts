import { setTimeout as delay } from 'node:timers/promises';

/** Less often than this nobody needs to be asked: events are held back in parts of a tenth of a second. */
const PARTS_PER_SECOND = 10;

/** Lets so many events through in a second, and not more in any part of it than its share. */
export class Pace {
  /** To be taken at once, at most. */
  readonly recordsMax: number;
  private nextMs = -Infinity;

  /**
   * @param eventsPerSecond above 0
   * @param now a monotonic clock, in ms
   */
  constructor(
    private readonly eventsPerSecond: number,
    private readonly now: () => number,
  ) {
    this.recordsMax = Math.max(1, Math.floor(eventsPerSecond / PARTS_PER_SECOND));
  }

  /** Whether who comes now has to wait. */
  get isHolding(): boolean {
    return this.nextMs > this.now();
  }

  /** Resolves when these events may go, or when the signal aborts. What was not used is not saved up. */
  async take(events: number, signal: AbortSignal): Promise<void> {
    const waitMs = this.nextMs - this.now();
    this.nextMs = Math.max(this.nextMs, this.now()) + (events * 1000) / this.eventsPerSecond;
    if (waitMs <= 0) return;
    // Who aborts looks at the signal.
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}
