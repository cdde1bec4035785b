import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { Cursor } from '../../src/decode/cursor.js';

function encodeLong(value: bigint): Buffer {
  let raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; raw >= 0x80n; raw >>= 7n) bytes.push(Number(raw & 0x7fn) | 0x80);
  bytes.push(Number(raw));
  return Buffer.from(bytes);
}

function read(bytes: Buffer): number {
  const cursor = new Cursor();
  cursor.load(bytes, 0);
  const value = cursor.long();
  assert.equal(cursor.at, cursor.end, 'every byte was read');
  return value;
}

test('a long is read as the nearest double, over all 64 bits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) =>
      assert.equal(read(encodeLong(value)), Number(value)),
    ),
    { numRuns: 5000 },
  );
  for (const value of [
    0n,
    -1n,
    63n,
    64n,
    -64n,
    -65n,
    2n ** 27n,
    2n ** 28n,
    2n ** 53n + 1n,
    2n ** 56n - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ]) {
    assert.equal(read(encodeLong(value)), Number(value));
  }
});

test('longs of avsc are read the same', () => {
  const type = avro.Type.forSchema('long');
  // Beyond that avsc itself rounds or refuses when it writes.
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (value) =>
      assert.equal(read(type.toBuffer(value)), value),
    ),
  );
});

test('a varint that is cut off or too long is a fault, not a number', () => {
  for (const bytes of [
    [],
    [0x80],
    [0xff, 0xff],
    Array<number>(11).fill(0x80),
    [...Array<number>(9).fill(0xff), 0x02],
  ]) {
    const cursor = new Cursor();
    cursor.load(Buffer.from(bytes), 0);
    assert.throws(() => cursor.long());
    assert.notEqual(cursor.fault, '');
  }
});
