import { JavaClient } from '../clients/java-client.js';
import { latch } from '../waiting.js';

interface Stuck {
  readonly stable: number;
  /** Since when the last stable offset has stood still below the high watermark; null when it does not. */
  readonly since: number | null;
}

const ANSWER_LIMIT_MS = 30_000;

/** Watches the group's offsets and the output's last stable offsets, behind the proxies. */
export class Watch implements AsyncDisposable {
  private longestEndedMs = 0;
  private readonly stuck = new Map<string, Stuck>();
  private readonly client: JavaClient;
  private open: string[] = [];
  private answered = latch<readonly string[]>();

  constructor(
    jars: string,
    bootstrap: string,
    group: string,
    outputs: readonly string[],
    onCommitted: (partition: number, offset: number) => void,
  ) {
    this.client = new JavaClient(jars, 'Watch', [bootstrap, group, ...outputs], (words) => {
      const [kind, ...rest] = words;
      if (kind === 'committed') onCommitted(Number(rest[0]), Number(rest[1]));
      else if (kind === 'stable') this.stable(rest);
      else if (kind === 'open') this.open.push(rest.join(' '));
      else if (kind === 'opened') this.answered.open(this.open);
    });
  }

  get fault(): string | null {
    return this.client.fault;
  }

  /** The longest time that records stood above a last stable offset that did not move, in ms; also one that goes on. */
  get longestStallMs(): number {
    const now = performance.now();
    const goingOn = [...this.stuck.values()].map(({ since }) => (since === null ? 0 : now - since));
    return Math.max(this.longestEndedMs, ...goingOn);
  }

  /** Transactions that are open now: of the group's transactional ids, and of whoever else on the output's partitions. */
  async openTransactions(): Promise<readonly string[]> {
    const deadline = performance.now() + ANSWER_LIMIT_MS;
    for (;;) {
      this.open = [];
      this.answered = latch();
      this.client.tell('open');
      const late = new Promise<null>((resolve) => setTimeout(resolve, 6000, null).unref());
      const found = await Promise.race([this.answered.promise, late]);
      if (found !== null) return found;
      if (performance.now() > deadline)
        throw new Error(`nobody says which transactions are open: ${this.client.complaint}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }

  private stable([topic = '', partition = '', stableText, highText]: readonly string[]): void {
    const now = performance.now();
    const key = `${topic}/${partition}`;
    const [stable, high] = [Number(stableText), Number(highText)];
    const before = this.stuck.get(key);
    if (before?.since != null) this.longestEndedMs = Math.max(this.longestEndedMs, now - before.since);
    const isBelow = stable < high;
    const since = !isBelow ? null : before?.stable === stable ? (before.since ?? now) : now;
    this.stuck.set(key, { stable, since });
  }
}
