import type { Delivery, OutgoingRecord } from '../model.js';
import type { RecordTransport } from '../ports.js';
import { BATCH_OVERHEAD_BYTES, recordBytes } from './record-size.js';

export interface ProducerOptions {
  /** Where records go unless a call names another transport (a transaction). */
  readonly transport: RecordTransport;
  /** The largest record batch that a topic takes, in bytes: its max.message.bytes. */
  readonly batchBytesMax: (topic: string) => number;
  /** How long `send` waits for company before it writes. */
  readonly lingerMs?: number;
  /** Bytes that `send` collects before it writes at once. */
  readonly bufferBytesMax?: number;
  /** Told of every batch written. */
  readonly onBatch?: (topic: string, records: number, bytes: number) => void;
}

interface Waiting {
  readonly record: OutgoingRecord;
  resolve(delivery: Delivery): void;
  reject(error: unknown): void;
}

const LINGER_MS = 5;
const BUFFER_BYTES_MAX = 1_048_576;

/**
 * Writes to every topic that Outrider writes to. Each record names its partition; records of one partition keep their
 * order; no batch is larger than its topic takes; every record has a delivery result.
 */
export class Producer {
  private readonly options: Required<ProducerOptions>;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  /** The writes so far: they go out one after the other, so that no later one overtakes. */
  private tail: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: ProducerOptions) {
    this.options = {
      lingerMs: LINGER_MS,
      bufferBytesMax: BUFFER_BYTES_MAX,
      onBatch: () => undefined,
      ...options,
    };
  }

  /**
   * Writes records now; partitions side by side, batches of one partition one after the other.
   * @returns one delivery per record, in the order of the records
   * @throws OutriderError of the first batch that failed; others may have been written
   */
  async sendAll(
    records: readonly OutgoingRecord[],
    via: RecordTransport = this.options.transport,
  ): Promise<readonly Delivery[]> {
    const deliveries = new Array<Delivery>(records.length);
    const groups = new Map<string, number[]>();
    for (const [index, { topic, partition }] of records.entries()) {
      const key = `${topic}/${partition}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [index]);
      else group.push(index);
    }
    const results = await Promise.allSettled(
      [...groups.values()].map((indices) => this.writePartition(records, indices, via, deliveries)),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return deliveries;
  }

  /** Writes a record with others that come soon. @returns where it was written */
  send(record: OutgoingRecord): Promise<Delivery> {
    if (this.closed) return Promise.reject(new TypeError('the producer is closed'));
    const delivered = new Promise<Delivery>((resolve, reject) =>
      this.waiting.push({ record, resolve, reject }),
    );
    this.waitingBytes += recordBytes(record);
    if (this.waitingBytes >= this.options.bufferBytesMax) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.options.lingerMs);
    return delivered;
  }

  /** Resolves once everything sent so far is delivered or has failed; failures are those of `send`'s promises. */
  flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const batch = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    if (batch.length > 0) this.tail = this.tail.then(() => this.writeWaiting(batch));
    return this.tail;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    await this.flush();
  }

  private async writeWaiting(batch: readonly Waiting[]): Promise<void> {
    try {
      const deliveries = await this.sendAll(batch.map(({ record }) => record));
      for (const [i, waiting] of batch.entries()) waiting.resolve(deliveries[i] as Delivery);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }

  private async writePartition(
    records: readonly OutgoingRecord[],
    indices: readonly number[],
    via: RecordTransport,
    deliveries: Delivery[],
  ): Promise<void> {
    const { topic, partition } = records[indices[0] as number] as OutgoingRecord;
    const bytesMax = this.options.batchBytesMax(topic);
    for (let from = 0; from < indices.length;) {
      let to = from;
      let bytes = BATCH_OVERHEAD_BYTES;
      while (to < indices.length) {
        const next = recordBytes(records[indices[to] as number] as OutgoingRecord);
        if (to > from && bytes + next > bytesMax) break;
        bytes += next;
        to++;
      }
      const part = indices.slice(from, to);
      const baseOffset = await via.send(
        topic,
        partition,
        part.map((index) => records[index] as OutgoingRecord),
      );
      for (const [i, index] of part.entries())
        deliveries[index] = { topic, partition, offset: baseOffset + i };
      this.options.onBatch(topic, part.length, bytes);
      from = to;
    }
  }
}
