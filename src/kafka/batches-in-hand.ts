/** Bytes that the batches in hand may hold while the next answer is fetched; a worker's, whatever brokers it has. */
export const AHEAD_BYTES_MAX = 16_777_216;

/** A batch that is worked on. */
export interface Work {
  /** Breaks it off. */
  readonly control: AbortController;
  /** Fulfilled when it is through, also where it was broken off. */
  readonly done: Promise<void>;
}

/**
 * What a member works on: one batch of a partition at a time. kafkajs fetches again only when it is told that its last
 * answer is done with; told so early it fetches while the batches are worked on, as long as they hold few bytes.
 */
export class BatchesInHand {
  private readonly works = new Map<number, Work>();
  /** By what batches stand in, how many do: those of one answer share its bytes. */
  private readonly held = new Map<ArrayBufferLike, number>();
  private heldBytes = 0;

  /** Work on a partition that has none. @param run throws nothing but its signal's reason */
  begin(
    partition: number,
    buffers: readonly ArrayBufferLike[],
    run: (signal: AbortSignal) => Promise<void>,
  ): Work {
    const control = new AbortController();
    this.hold(buffers);
    const done = run(control.signal)
      .catch((error: unknown) => {
        if (!control.signal.aborted || !isReason(error, control.signal)) throw error;
      })
      .finally(() => {
        this.release(buffers);
        this.works.delete(partition);
      });
    const work = { control, done };
    this.works.set(partition, work);
    return work;
  }

  of(partition: number): Work | undefined {
    return this.works.get(partition);
  }

  /** Whether the next answer may be fetched meanwhile. */
  get hasRoom(): boolean {
    return this.heldBytes <= AHEAD_BYTES_MAX;
  }

  breakOff(reason: unknown): void {
    for (const { control } of this.works.values()) control.abort(reason);
  }

  async finished(): Promise<void> {
    await Promise.all([...this.works.values()].map(({ done }) => done));
  }

  private hold(buffers: readonly ArrayBufferLike[]): void {
    for (const buffer of buffers) {
      const holders = this.held.get(buffer) ?? 0;
      if (holders === 0) this.heldBytes += buffer.byteLength;
      this.held.set(buffer, holders + 1);
    }
  }

  private release(buffers: readonly ArrayBufferLike[]): void {
    for (const buffer of buffers) {
      const holders = (this.held.get(buffer) ?? 1) - 1;
      if (holders > 0) this.held.set(buffer, holders);
      else if (this.held.delete(buffer)) this.heldBytes -= buffer.byteLength;
    }
  }
}

/** Who is broken off may say so with an error of its own. */
function isReason(error: unknown, { reason }: AbortSignal): boolean {
  return error === reason || (error instanceof Error && error.cause === reason);
}
