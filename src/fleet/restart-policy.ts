/** Health for this long forgets earlier crashes. */
const HEALTHY_AFTER_MS = 60_000;
const BACKOFF_MAX_MS = 30_000;

/** How long to wait before a crashed worker is started again: exponential, with jitter, forgotten after a minute of health. */
export class RestartPolicy {
  private crashes = 0;

  /** @param random uniform in [0, 1) */
  constructor(
    private readonly firstMs: number,
    private readonly random: () => number,
  ) {}

  /** @param livedMs how long the worker had been running */
  delayAfterCrashMs(livedMs: number): number {
    if (livedMs >= HEALTHY_AFTER_MS) this.crashes = 0;
    const ceiling = Math.min(this.firstMs * 2 ** this.crashes, BACKOFF_MAX_MS);
    this.crashes++;
    return Math.round(ceiling * (0.5 + this.random() / 2));
  }
}
