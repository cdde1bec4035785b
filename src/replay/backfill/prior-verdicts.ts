import type { SourceBatch } from '../../model.js';
import { type Anomaly, decodeAnomaly, encodeAnomaly } from '../../publish/anomaly-record.js';
import { SOURCE_HEADER } from '../../publish/verdict-record.js';

/** What stands on the anomaly topic about one event. */
export interface PriorVerdicts {
  /** Where the event stands in its partition. */
  readonly offset: number;
  /** Verdicts that nobody took back, without their events, in the order in which they were written. */
  readonly verdicts: readonly Anomaly[];
}

export interface PriorVerdictsOptions {
  /** The partition whose events are replayed. */
  readonly topic: string;
  readonly partition: number;
  /** Events from here on are none of the replay's. */
  readonly end: number;
  /** Bytes of verdicts in memory; where there are more, those on later events wait until they are asked for. */
  readonly bytesMax: number;
  /** All records that may be verdicts on events of the partition, as they stand on the anomaly topic now. */
  readonly read: () => AsyncIterable<SourceBatch>;
  /** Told of a record that names an event and is no anomaly. */
  readonly onUnreadable: (at: { readonly partition: number; readonly offset: string }) => void;
}

/**
 * The live verdicts on the events of a partition, by the event: asked for in the order of the events, and read from the
 * anomaly topic as far ahead as memory allows. Each time that does not reach, the topic is read once more.
 */
export class PriorVerdictReader {
  /** What is in memory: the verdicts on events of [loadedFrom, loadedTo). */
  private loadedFrom = 0;
  private loadedTo = 0;
  private loaded: PriorVerdicts[] = [];
  /** The reading of the topic that is under way; at most one. */
  private loading: Promise<void> | null = null;

  constructor(private readonly options: PriorVerdictsOptions) {}

  get isReading(): boolean {
    return this.loading !== null;
  }

  /**
   * Of the events of [from, to), ascending. Who is broken off leaves the reading to whoever asks next: it can take longer
   * than a group waits for a member that it shares its partitions out to.
   * @throws OutriderError, or the signal's reason
   */
  async within(from: number, to: number, signal: AbortSignal): Promise<readonly PriorVerdicts[]> {
    const found: PriorVerdicts[] = [];
    for (let at = from; at < to;) {
      while (at < this.loadedFrom || at >= this.loadedTo) await orAborted(this.load(at), signal);
      const until = Math.min(to, this.loadedTo);
      for (const prior of this.between(at, until)) found.push(prior);
      at = until;
    }
    return found;
  }

  private *between(from: number, to: number): Generator<PriorVerdicts> {
    let low = 0;
    for (let high = this.loaded.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((this.loaded[middle] as PriorVerdicts).offset < from) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.loaded.length && (this.loaded[i] as PriorVerdicts).offset < to; i++)
      yield this.loaded[i] as PriorVerdicts;
  }

  /** @param from of what is wanted; where something else is being read already, that first */
  private load(from: number): Promise<void> {
    if (this.loading === null) {
      this.loading = this.loadFrom(from).finally(() => (this.loading = null));
      // Whoever waits for it hears of it; nobody may be left who does.
      this.loading.catch(() => undefined);
    }
    return this.loading;
  }

  private async loadFrom(from: number): Promise<void> {
    // Not both in memory, what is over and what comes.
    this.loaded = [];
    this.loadedFrom = this.loadedTo = 0;
    const { events, end } = await this.read(from);
    this.loaded = [...events]
      .filter(([, { isStanding }]) => isStanding)
      .map(([offset, { verdicts }]) => ({ offset, verdicts }))
      .sort((a, b) => a.offset - b.offset);
    this.loadedFrom = from;
    this.loadedTo = end;
  }

  /** @returns what is kept of the verdicts on events of [from, end) */
  private async read(from: number): Promise<{ readonly events: Map<number, Kept>; readonly end: number }> {
    const events = new Map<number, Kept>();
    let end = this.options.end;
    let bytes = 0;
    for await (const batch of this.options.read())
      for (let index = 0; index < batch.records.length; index++) {
        const offset = this.sourceOffset(batch, index);
        if (offset === null || offset < from || offset >= end) continue;
        let event = events.get(offset);
        if (event === undefined) {
          event = new Kept();
          events.set(offset, event);
        }
        bytes += this.take(event, batch, index);
        if (bytes <= this.options.bytesMax || events.size === 1) continue;
        end = withoutLaterHalf(events, end);
        bytes = [...events.values()].reduce((sum, kept) => sum + kept.bytes, 0);
      }
    return { events, end };
  }

  /** The event that a record is a verdict on; null where it is not one of the partition's. */
  private sourceOffset(batch: SourceBatch, index: number): number | null {
    const { topic, partition } = this.options;
    const source = batch.headersOf(index).find(([name]) => name === SOURCE_HEADER)?.[1];
    const prefix = `${topic}/${partition}/`;
    const text = source?.toString('latin1') ?? '';
    if (!text.startsWith(prefix)) return null;
    const offset = Number(text.slice(prefix.length));
    return Number.isSafeInteger(offset) && offset >= 0 ? offset : null;
  }

  /** @returns by how many bytes more is kept */
  private take(event: Kept, batch: SourceBatch, index: number): number {
    const record = batch.records.at(index);
    const before = event.bytes;
    try {
      event.add(decodeAnomaly(record?.value ?? Buffer.alloc(0)));
    } catch {
      // It names the event all the same: somebody has said something of it.
      event.hasUnreadable = true;
      this.options.onUnreadable({ partition: batch.partition, offset: record?.offset ?? '' });
    }
    return event.bytes - before;
  }
}

/** Waits for a promise, or throws the signal's reason. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** For the entries of maps and lists, beside what a verdict itself takes. */
const OVERHEAD_BYTES = 200;
const NO_FRAME = Buffer.alloc(0);
const NO_EVENT = Buffer.alloc(0);

/** What is kept of the verdicts on one event. */
class Kept {
  readonly verdicts: Anomaly[] = [];
  hasUnreadable = false;
  bytes = OVERHEAD_BYTES;

  get isStanding(): boolean {
    return this.verdicts.length > 0 || this.hasUnreadable;
  }

  /** The event itself is not kept: who asks has it. */
  add(anomaly: Anomaly): void {
    const before = this.verdicts.findIndex(({ id }) => id === anomaly.id);
    if (before >= 0) this.verdicts.splice(before, 1);
    if (anomaly.retracted) return;
    const verdict = { ...anomaly, event: NO_EVENT };
    this.verdicts.push(verdict);
    // As objects they take a multiple of what they take on the wire.
    this.bytes += OVERHEAD_BYTES + 4 * encodeAnomaly(verdict, NO_FRAME).length;
  }
}

/** @returns where what is left ends */
function withoutLaterHalf(events: Map<number, Kept>, end: number): number {
  const offsets = [...events.keys()].sort((a, b) => a - b);
  const middle = offsets[Math.ceil(offsets.length / 2)] ?? end;
  for (const offset of offsets) if (offset >= middle) events.delete(offset);
  return middle;
}
