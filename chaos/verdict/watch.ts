import { JavaClient } from '../clients/java-client.js';
import { latch } from '../waiting.js';
import { StableOffsets } from './stable-offsets.js';

const ANSWER_LIMIT_MS = 30_000;

/** Watches the group's offsets and the output's last stable offsets, behind the proxies. */
export class Watch implements AsyncDisposable {
  private readonly stableOffsets = new StableOffsets();
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
      else if (kind === 'stable')
        this.stableOffsets.moved(`${rest[0] ?? ''}/${rest[1] ?? ''}`, Number(rest[2]), Number(rest[3]));
      else if (kind === 'open') this.open.push(rest.join(' '));
      else if (kind === 'opened') this.answered.open(this.open);
    });
  }

  get fault(): string | null {
    return this.client.fault;
  }

  /** The longest time that records stood above a last stable offset that did not move, in ms; also one that goes on. */
  get longestStallMs(): number {
    return this.stableOffsets.longestStallMs;
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
}
