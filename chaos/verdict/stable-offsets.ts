interface Seen {
  readonly stable: number;
  /** Since when it has stood still below the high watermark, in ms; null when it does not. */
  readonly sinceMs: number | null;
}

/** How long last stable offsets stand still while there are records above them. */
export class StableOffsets {
  private readonly seen = new Map<string, Seen>();
  private longestEndedMs = 0;

  /** @param now monotonic, in ms */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A partition's last stable offset, or its high watermark, is this from now on. */
  moved(partition: string, stable: number, high: number): void {
    const now = this.now();
    const before = this.seen.get(partition);
    if (before?.sinceMs != null) this.longestEndedMs = Math.max(this.longestEndedMs, now - before.sinceMs);
    const stands = before?.stable === stable ? (before.sinceMs ?? now) : now;
    this.seen.set(partition, { stable, sinceMs: stable < high ? stands : null });
  }

  /** Also one that goes on. */
  get longestStallMs(): number {
    const now = this.now();
    const goingOn = [...this.seen.values()].map(({ sinceMs }) => (sinceMs === null ? 0 : now - sinceMs));
    return Math.max(this.longestEndedMs, ...goingOn);
  }
}
