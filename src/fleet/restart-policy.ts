/** How a worker's process ended: `left` is exit code 0, which somebody else asked it for. */
export type WorkerEnd = 'left' | 'died' | 'stalled';

/** Health for this long forgets what was before. */
const HEALTHY_AFTER_MS = 60_000;
const BACKOFF_MAX_MS = 30_000;
/** Who leaves sooner was hardly asked to: replaced at once it would be forked again and again. */
const LEFT_EARLY_MS = 5000;

/**
 * How long to wait before a worker is started again: exponential, with jitter, forgotten after a minute of health. A
 * process that ended by a stall was never healthy, however long it lived: where a stall comes back, a restart costs the
 * whole group a rebalance. One that was asked to leave is replaced at once.
 */
export class RestartPolicy {
  private failures = 0;

  /** @param random uniform in [0, 1) */
  constructor(
    private readonly firstMs: number,
    private readonly random: () => number,
  ) {}

  /** @param livedMs how long the process had been running */
  delayMs(end: WorkerEnd, livedMs: number): number {
    if (end !== 'stalled' && livedMs >= HEALTHY_AFTER_MS) this.failures = 0;
    if (end === 'left' && livedMs >= LEFT_EARLY_MS) return 0;
    const ceiling = Math.min(this.firstMs * 2 ** this.failures, BACKOFF_MAX_MS);
    this.failures++;
    return Math.round(ceiling * (0.5 + this.random() / 2));
  }
}
