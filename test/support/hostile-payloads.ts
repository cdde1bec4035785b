/** Bytes that no honest producer writes. */
import { type Random, below, pick } from './avro-schemas.js';

/** Zig-zag varint of a whole number of up to 2^53, or of any BigInt. */
export function varint(value: number | bigint): Buffer {
  const wide = BigInt(value);
  let raw = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
  const bytes: number[] = [];
  for (; raw >= 0x80n; raw >>= 7n) bytes.push(Number(raw & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(raw)]);
}

/** Counts, lengths, indices and sizes that lie. */
const LIES: readonly Buffer[] = [
  ...[
    0,
    1,
    -1,
    2,
    -2,
    63,
    -64,
    1000,
    -1000,
    65_536,
    65_537,
    -65_537,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31,
    2 ** 53,
  ].map(varint),
  varint(2n ** 63n - 1n),
  varint(-(2n ** 63n)),
  Buffer.alloc(11, 0x80),
  Buffer.alloc(12, 0xff),
  Buffer.from([0x80, 0x00]),
  Buffer.concat([varint(-3), varint(1)]),
  Buffer.concat([varint(-1), varint(2n ** 62n)]),
  Buffer.concat([varint(9), Buffer.from('__proto__'), Buffer.from([2, 0])]),
  Buffer.concat([varint(2), Buffer.from('k0'), varint(1), varint(2), Buffer.from('k0')]),
];

/** A body made from valid ones: bits turned, cut, spliced, repeated, or with a lie in it; now and then anything at all. */
export function hostileBody(random: Random, valid: readonly Buffer[]): Buffer {
  if (random() < 0.08) return anything(random);
  let body = pick(random, valid);
  for (let changes = 1 + below(random, 3); changes > 0; changes--) body = changed(random, body, valid);
  return body;
}

function changed(random: Random, body: Buffer, valid: readonly Buffer[]): Buffer {
  const at = below(random, body.length + 1);
  const to = Math.min(body.length, at + below(random, 12));
  const head = body.subarray(0, at);
  switch (below(random, 8)) {
    case 0: {
      const copy = Buffer.from(body);
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << below(random, 8));
      return copy;
    }
    case 1:
      return head;
    case 2:
      return Buffer.concat([head, body.subarray(to)]);
    case 3:
      return Buffer.concat([head, pick(random, valid).subarray(below(random, body.length + 1))]);
    case 4:
      return Buffer.concat([body.subarray(0, to), body.subarray(at)]);
    case 5:
      return Buffer.concat([head, filling(random, 1 + below(random, 4)), body.subarray(at)]);
    default:
      return Buffer.concat([
        head,
        pick(random, LIES),
        body.subarray(random() < 0.5 ? at : Math.min(body.length, at + 1)),
      ]);
  }
}

function anything(random: Random): Buffer {
  // Short ones mostly: what is long is made of few different bytes, so that it is not over after the first.
  const length = random() < 0.97 ? below(random, 80) : below(random, random() < 0.05 ? 300_000 : 5000);
  return random() < 0.5 && length < 5000
    ? filling(random, length)
    : Buffer.alloc(length, pick(random, PATTERNS));
}

const PATTERNS: readonly Buffer[] = [
  [0],
  [1],
  [2],
  [3],
  [4],
  [0x80],
  [0xff],
  [2, 0],
  [0, 2],
  [1, 2],
  [4, 0x6b, 0x30],
  [1, 0],
].map((bytes) => Buffer.from(bytes));

function filling(random: Random, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = below(random, 256);
  return bytes;
}
