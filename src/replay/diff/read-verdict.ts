import { createHash } from 'node:crypto';
import { Cursor, MALFORMED } from '../../decode/cursor.js';
import { TOPIC_CHARS_MAX } from './diff-tally.js';

const DAY_MS = 86_400_000;
const ID_CHARS = 32;
/** Name, value, contribution, and the branch of `expected`. */
const FEATURE_BYTES_MIN = 1 + 8 + 8 + 1;

/**
 * Reads of an anomaly record (schemas/anomaly.avsc) what a diff needs, in place, and passes over the rest: a topic has
 * millions, and bytes that are no anomaly cost no more than they are long. The fields are those of the last record that
 * was read.
 */
export class VerdictReader {
  readonly id = new Uint32Array(4);
  topic = '';
  partition = 0;
  offset = 0;
  entity: string | null = null;
  /** Days from 1970-01-01 to the event, UTC; may lie beyond what a Date can hold. */
  day = 0;
  score = 0;
  runId: string | null = null;
  isRetraction = false;
  private readonly cursor = new Cursor();
  private topicBytes: Buffer = Buffer.alloc(0);

  /** @returns false for what is no anomaly: other bytes, a place that no event has, a score that is no number */
  read(value: Buffer): boolean {
    const bodyOffset = value[0] === 0xc3 && value[1] === 0x01 ? 10 : value[0] === 0 ? 5 : null;
    if (bodyOffset === null || value.length < bodyOffset) return false;
    this.cursor.load(value, bodyOffset);
    try {
      this.readFields();
    } catch (error) {
      if (error !== MALFORMED) throw error;
      return false;
    }
    return this.partition >= 0 && this.offset >= 0 && Number.isFinite(this.score);
  }

  private readFields(): void {
    const { cursor } = this;
    this.readId(this.sized());
    this.readTopic(this.sized());
    this.partition = cursor.int();
    this.offset = this.safeLong();
    this.entity = this.optionalText();
    this.day = Math.floor(cursor.long() / DAY_MS);
    cursor.long(); // detectedAt
    this.score = cursor.double();
    cursor.double(); // threshold
    cursor.skipSized(); // detector
    cursor.skipSized(); // model
    cursor.skipSized(); // modelVersion
    for (let count = this.features(); count > 0; count = this.features())
      for (let i = 0; i < count; i++) this.skipFeature();
    cursor.skipSized(); // event
    this.runId = this.optionalText();
    this.isRetraction = cursor.boolean() === 1;
    if (cursor.at !== cursor.end) cursor.fail(`${cursor.end - cursor.at} bytes left over`);
  }

  private features(): number {
    return this.cursor.blockCount(FEATURE_BYTES_MIN);
  }

  private skipFeature(): void {
    const { cursor } = this;
    cursor.skipSized();
    cursor.skip(16);
    if (this.isSecondBranch()) cursor.skip(16);
  }

  /** 32 hex digits as they are; of any other text a hash takes their place. */
  private readId(bytes: Buffer): void {
    if (bytes.length === ID_CHARS && this.readHex(bytes)) return;
    const hash = createHash('sha256').update(bytes).digest();
    for (let word = 0; word < 4; word++) this.id[word] = hash.readUInt32BE(4 * word);
  }

  private readHex(bytes: Buffer): boolean {
    for (let word = 0; word < 4; word++) {
      let bits = 0;
      for (let at = 8 * word; at < 8 * word + 8; at++) {
        const digit = hexDigit(bytes[at] as number);
        if (digit < 0) return false;
        bits = (bits << 4) | digit;
      }
      this.id[word] = bits;
    }
    return true;
  }

  /** Nearly always that of the record before. */
  private readTopic(bytes: Buffer): void {
    if (bytes.equals(this.topicBytes)) return;
    if (bytes.length > TOPIC_CHARS_MAX) this.cursor.fail(`a topic's name of ${bytes.length} bytes`);
    this.topicBytes = Buffer.from(bytes);
    this.topic = bytes.toString('utf8');
  }

  private optionalText(): string | null {
    return this.isSecondBranch() ? this.sized().toString('utf8') : null;
  }

  /** Of a union of null and something. */
  private isSecondBranch(): boolean {
    const branch = this.cursor.long();
    if (branch !== 0 && branch !== 1) this.cursor.fail(`a union has no branch ${branch}`);
    return branch === 1;
  }

  private safeLong(): number {
    const value = this.cursor.long();
    if (!Number.isSafeInteger(value)) this.cursor.fail(`an offset of ${value}`);
    return value;
  }

  /** A view of length-prefixed bytes. */
  private sized(): Buffer {
    const { cursor } = this;
    const byteCount = cursor.long();
    const start = cursor.at;
    cursor.skip(byteCount);
    return Buffer.from(cursor.bytes.buffer, start, byteCount);
  }
}

/** @returns -1 for what is none; of letters the small ones */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
