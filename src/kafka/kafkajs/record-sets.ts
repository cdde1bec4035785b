/**
 * Replaces kafkajs's `protocol/requests/fetch/v4/decodeMessages`, which decodes all partitions of an answer, of any
 * size, and makes an exception of the whole answer of one batch that it cannot read: the consumer then starts again for
 * ever. Here such a batch is a fact of its partition: what stands before it is given out, and behind that the reason why
 * there is no more (see unreadable.ts). Batches are checked against their CRC-32C, are decompressed within
 * batch-limits.ts, and one answer gives no more than memory is meant for: the rest is fetched again.
 *
 * kafkajs makes an object of nine fields, two strings and two buffers of each record, and copies all headers for each
 * header, so that one event with thousands of them blocks the process for minutes. Here records are columns.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import { BatchFault, tooLarge } from '../compression/batch-fault.js';
import { RECORD_OVERHEAD_BYTES, batchBytesMax } from '../compression/batch-limits.js';
import { decompress } from '../compression/load-codec.js';
import { COMPRESSIONS } from '../compression/compression.js';
import type { SourceRecord } from '../../model.js';
import { columnsOf } from '../../record-columns.js';
import { decodeRecords } from './decode-records.js';
import { type BatchHeader, checkBatch, readBatchHeader } from './record-batch.js';
import { RecordCollector } from './record-collector.js';
import { type ReadBatch, RecordSet, type UnreadableFacts } from './record-set.js';

/** What the records of one answer may take, decompressed, before the rest is left for the next. */
const ANSWER_BYTES_MAX = 33_554_432;

/** Decompressed without a turn of the event loop. */
const TURN_BYTES = 4_194_304;

/** kafkajs's cursor over a whole answer. */
export interface AnswerDecoder {
  readInt32(): number;
  readBytes(length: number): Buffer;
  canReadBytes(length: number): boolean;
}

/** What the partitions of one answer have taken so far, by the cursor that they share. */
const spent = new WeakMap<AnswerDecoder, { bytes: number }>();

/** kafkajs's decoder of the formats before Kafka 0.11, which have neither headers nor transactions. */
type MessageSetDecoder = (bytes: Buffer) => Promise<readonly SourceRecord[]>;

/** @returns what takes the place of decodeMessages */
export function recordSetDecoder(
  decodeMessageSet: MessageSetDecoder,
): (decoder: AnswerDecoder) => Promise<RecordSet> {
  return async (decoder) => {
    const size = decoder.readInt32();
    if (size <= 0 || !decoder.canReadBytes(size)) return NOTHING;
    const bytes = decoder.readBytes(size);
    let answer = spent.get(decoder);
    if (answer === undefined) spent.set(decoder, (answer = { bytes: 0 }));
    return await new RecordSetReader(bytes, answer, decodeMessageSet).read();
  };
}

const NOTHING = new RecordSet({
  records: columnsOf([]),
  headersOf: () => [],
  batches: [],
  lastOffset: null,
  unreadable: null,
});

class RecordSetReader {
  private readonly collector = new RecordCollector();
  private readonly batches: ReadBatch[] = [];
  private at = 0;
  /** The offset behind the last batch that was read; null before the first. */
  private nextOffset: number | null = null;
  private sinceTurnBytes = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly answer: { bytes: number },
    private readonly decodeMessageSet: MessageSetDecoder,
  ) {}

  async read(): Promise<RecordSet> {
    let header: BatchHeader | null = null;
    try {
      while (this.at < this.bytes.length && this.answer.bytes < ANSWER_BYTES_MAX) {
        header = readBatchHeader(this.bytes, this.at);
        if (header === null) {
          // How a set ends that has no room for all of its last batch; the first is always whole (KIP-74).
          if (this.at > 0) break;
          throw new BatchFault('it is cut short');
        }
        if (header.magic < 2 && this.at === 0) return messageSet(await this.decodeMessageSet(this.bytes));
        checkBatch(this.bytes, header, this.nextOffset);
        const plain = header.compression === 0 ? null : await this.decompressed(header);
        this.take(plain ?? this.bytes.subarray(header.start, header.end), header);
        this.at = header.end;
        this.nextOffset = header.lastOffset + 1;
        if (this.sinceTurnBytes > TURN_BYTES) await this.turn();
      }
      return this.whole(null);
    } catch (error) {
      const lastOffset =
        header !== null && header.lastOffset >= (this.nextOffset ?? 0) ? header.lastOffset : null;
      const cause = (error as Error).cause;
      return this.whole({
        offset: this.nextOffset,
        lastOffset,
        reason: messageOf(error),
        ...(cause === undefined ? {} : { cause: messageOf(cause) }),
      });
    }
  }

  private take(plain: Buffer, header: BatchHeader): void {
    const { collector } = this;
    const from = collector.length;
    decodeRecords(plain, header, collector);
    const { lastOffset, isControl, inTransaction, producerId } = header;
    const to = collector.length;
    const isAbortMarker = isControl && someIsAbortMarker(collector, from, to);
    this.batches.push({ from, to, lastOffset, isControl, isAbortMarker, inTransaction, producerId });
  }

  private whole(unreadable: UnreadableFacts | null): RecordSet {
    const { collector, batches, nextOffset } = this;
    return new RecordSet({
      records: collector.columns(),
      headersOf: (index) => collector.headersOf(index),
      batches,
      lastOffset: nextOffset === null ? null : nextOffset - 1,
      unreadable,
    });
  }

  private async decompressed({ compression, start, end, count }: BatchHeader): Promise<Buffer> {
    const name = COMPRESSIONS[compression];
    if (name === undefined || name === 'none')
      throw new BatchFault(`it is compressed in a way that Kafka does not have (${compression})`);
    const bytesMax = batchBytesMax();
    const overheadBytes = count * RECORD_OVERHEAD_BYTES;
    if (overheadBytes > bytesMax) throw tooLarge(bytesMax);
    const plain = await decompress(name, this.bytes.subarray(start, end), bytesMax);
    if (plain.length + overheadBytes > bytesMax) throw tooLarge(bytesMax);
    this.answer.bytes += plain.length + overheadBytes;
    this.sinceTurnBytes += plain.length;
    return withoutSlack(plain);
  }

  private async turn(): Promise<void> {
    this.sinceTurnBytes = 0;
    await turn();
  }
}

/** zlib gives a view of 16 KiB however little it holds, and records keep all of what they stand in. */
function withoutSlack(plain: Buffer): Buffer {
  return plain.buffer.byteLength > 2 * plain.length + SLACK_BYTES_MAX ? Buffer.from(plain) : plain;
}

const SLACK_BYTES_MAX = 8192;

/** KIP-98: a control record's key is a version and a type, two bytes each; type 0 is an abort marker. */
function someIsAbortMarker(collector: RecordCollector, from: number, to: number): boolean {
  for (let index = from; index < to; index++) {
    const key = collector.keyOf(index);
    if (key !== null && key.length >= 4 && key.readInt16BE(2) === 0) return true;
  }
  return false;
}

function messageSet(messages: readonly SourceRecord[]): RecordSet {
  const records = columnsOf(messages);
  const lastOffset = records.offsets.at(-1) ?? null;
  const batch = {
    from: 0,
    to: records.length,
    lastOffset: lastOffset ?? 0,
    isControl: false,
    isAbortMarker: false,
    inTransaction: false,
    producerId: '-1',
  };
  return new RecordSet({ records, headersOf: () => [], batches: [batch], lastOffset, unreadable: null });
}
