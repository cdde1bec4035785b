/** What a partition's bytes in a fetch's answer give: records, and behind them why there are no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allowBatchBytes } from '../../src/kafka/compression/batch-limits.js';
import { COMPRESSIONS, type Compression } from '../../src/kafka/compression/compression.js';
import { recordSetDecoder } from '../../src/kafka/kafkajs/record-sets.js';
import { FetchedBatch } from '../../src/kafka/kafkajs/fetched-batch.js';
import type { RecordSet, UnreadableFacts } from '../../src/kafka/kafkajs/record-set.js';
import { batchBytes, compactedBatch, compressed, goodBatch, recordBytes } from '../support/record-batches.js';

interface Read {
  readonly offsets: readonly number[];
  readonly values: readonly string[];
  /** The offset up to which nothing more stands, where no record says it. */
  readonly passed: number | null;
  readonly unreadable: UnreadableFacts | null;
}

const decode = recordSetDecoder(() => Promise.reject(new Error('a message set')));

/** An answer with these sets, one a partition. */
async function readAnswer(sets: readonly Buffer[]): Promise<readonly Read[]> {
  const bytes = Buffer.concat(
    sets.map((set) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(set.length);
      return Buffer.concat([length, set]);
    }),
  );
  let at = 0;
  const answer = {
    readInt32: () => bytes.readInt32BE((at += 4) - 4),
    canReadBytes: (length: number) => at + length <= bytes.length,
    readBytes: (length: number) => bytes.subarray(at, (at += length)),
  };
  const reads: Read[] = [];
  for (let i = 0; i < sets.length; i++) {
    const set: RecordSet = await decode(answer);
    const batch = new FetchedBatch('t', '0', {
      partition: 0,
      highWatermark: '0',
      abortedTransactions: null,
      messages: set,
    });
    const records = [...batch.records];
    const offsets = records.map(({ offset }) => Number(offset));
    const { unreadable } = batch;
    const isPassed =
      unreadable === null && set.parts.lastOffset !== null && set.parts.lastOffset > (offsets.at(-1) ?? -1);
    if (unreadable === null && set.parts.lastOffset !== null)
      assert.equal(batch.lastOffset(), String(set.parts.lastOffset));
    reads.push({
      offsets,
      values: records.map(({ value }) => String(value)),
      passed: isPassed ? Number(batch.lastOffset()) : null,
      unreadable,
    });
  }
  return reads;
}

async function read(...batches: readonly Buffer[]): Promise<Read> {
  return (await readAnswer([Buffer.concat(batches)]))[0] as Read;
}

const values = (from: number, to: number): Buffer[] =>
  Array.from({ length: to - from }, (_, i) => Buffer.from(`event number ${from + i}, much like the others`));

test('batches of every compression come out in order, with the offsets of their records', async () => {
  const batches = await Promise.all(
    COMPRESSIONS.map((compression, i) => goodBatch(compression, i * 10, values(i * 10, i * 10 + 10))),
  );
  const { offsets, values: out, passed, unreadable } = await read(...batches);
  assert.deepEqual([passed, unreadable], [null, null]);
  assert.deepEqual(
    offsets,
    Array.from({ length: 50 }, (_, i) => i),
  );
  assert.deepEqual(out, values(0, 50).map(String));
});

test('a batch that was changed stops the set at its offset; what stands before it is read, nothing behind it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...COMPRESSIONS),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (compression, where, change) => {
        const bad = Buffer.from(await goodBatch(compression, 5, values(5, 9)));
        // Behind what the checksum does not cover: base offset, length, leader epoch and magic.
        const at = 17 + (where % (bad.length - 17));
        bad[at] = (bad[at] as number) ^ change;
        const out = await read(
          await goodBatch(compression, 0, values(0, 5)),
          bad,
          await goodBatch('none', 9, values(9, 12)),
        );
        assert.deepEqual(out.offsets, [0, 1, 2, 3, 4]);
        assert.equal(out.unreadable?.offset, 5);
        assert.match(out.unreadable.reason, /checksum/);
      },
    ),
    { numRuns: 200 },
  );
});

test('any change of what stands before the checksum gives a fault or the same records', async () => {
  const good = await goodBatch('zstd', 5, values(5, 9));
  await fc.assert(
    fc.asyncProperty(fc.nat(16), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ change;
      const { values: out, unreadable } = await read(bad);
      assert.ok(unreadable !== null || out.join() === values(5, 9).join());
    }),
    { numRuns: 300 },
  );
});

test('records that are cut short, too few, too many or not filled are a fault, whatever the checksum says', async () => {
  for (const compression of COMPRESSIONS) {
    const plain = recordBytes(values(0, 400));
    const whole = await compressed(compression, plain);
    const step = Math.max(1, Math.floor(whole.length / 200));
    for (let length = 0; length < whole.length; length += step) {
      const payload = whole.subarray(0, length);
      const out = await read(batchBytes({ baseOffset: 7, count: 400, compression, payload }));
      assert.ok(out.unreadable !== null, `${compression}: ${length} of ${whole.length}`);
      assert.deepEqual(out.offsets, [], 'half a batch is none');
      assert.equal(out.unreadable.lastOffset, 406);
    }
    for (const [count, rest] of [
      [399, ''],
      [401, ''],
      [-1, ''],
      [2 ** 31 - 1, ''],
      [400, 'more'],
    ] as const) {
      const payload = await compressed(compression, Buffer.concat([plain, Buffer.from(rest)]));
      const out = await read(batchBytes({ baseOffset: 0, count, compression, payload }));
      assert.ok(out.unreadable !== null, `${compression}: ${count} records`);
      assert.deepEqual(out.offsets, []);
    }
  }
});

test('offsets that do not rise, or lie beyond those of the batch, are a fault', async () => {
  const record = (delta: number): Buffer => Buffer.from([14, 0, 0, 2 * delta, 1, 2, 97, 0]);
  for (const deltas of [
    [1, 0],
    [0, 0],
    [0, 2],
  ]) {
    const payload = Buffer.concat(deltas.map(record));
    const batch = batchBytes({ baseOffset: 5, count: 2, compression: 'none', payload });
    const { offsets, unreadable } = await read(batch);
    assert.deepEqual(offsets, []);
    assert.equal(unreadable?.reason, 'its records are not those that its header announces');
  }
  const payload = Buffer.concat([0, 3].map(record));
  const compacted = batchBytes({ baseOffset: 5, count: 2, offsets: 4, compression: 'none', payload });
  assert.deepEqual((await read(compacted)).offsets, [5, 8]);
});

test('small batches keep about as much memory as they hold, whatever compressed them', async () => {
  for (const compression of COMPRESSIONS) {
    if (compression === 'none') continue;
    const batches = await Promise.all(
      Array.from({ length: 400 }, (_, i) => goodBatch(compression, i, values(i, i + 1))),
    );
    const set = Buffer.concat(batches);
    const length = Buffer.alloc(4);
    length.writeInt32BE(set.length);
    const bytes = Buffer.concat([length, set]);
    let at = 0;
    const { parts } = await decode({
      readInt32: () => bytes.readInt32BE((at += 4) - 4),
      canReadBytes: () => true,
      readBytes: (count: number) => bytes.subarray(at, (at += count)),
    });
    const kept = new Set(parts.records.buffers);
    const keptBytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.equal(parts.records.length, 400);
    assert.ok(keptBytes < 100_000, `${compression}: ${keptBytes} bytes for 400 records of about 50`);
  }
});

test('any records at all give records or a fault', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: -2, max: 20 }),
      async (any, count) => {
        const payload = Buffer.from(any);
        const out = await read(batchBytes({ baseOffset: 0, count, compression: 'none', payload }));
        assert.ok(out.unreadable !== null || out.offsets.length === Math.max(0, count));
      },
    ),
    { numRuns: 2000 },
  );
});

test('the last batch may be there in part, the first may not', async () => {
  const [first, second] = [await goodBatch('lz4', 0, values(0, 5)), await goodBatch('lz4', 5, values(5, 9))];
  for (let length = 0; length < second.length; length++) {
    const out = await read(first, second.subarray(0, length));
    assert.deepEqual([out.offsets.length, out.unreadable], [5, null], `${length}`);
    if (length > 0)
      assert.match((await read(second.subarray(0, length))).unreadable?.reason ?? '', /cut short/);
  }
});

test('what compaction took from the end of a set is passed over', async () => {
  const ends = async (...batches: readonly Buffer[]): Promise<unknown> => {
    const { offsets, passed, unreadable } = await read(...batches);
    return [offsets, passed, unreadable?.offset ?? null];
  };
  const [first, last] = [await goodBatch('none', 0, values(0, 2)), await goodBatch('none', 9, values(9, 10))];
  assert.deepEqual(await ends(compactedBatch(4, 3)), [[], 6, null], 'one without records');
  assert.deepEqual(await ends(compactedBatch(4, 3), compactedBatch(8, 1)), [[], 8, null], 'two');
  assert.deepEqual(await ends(first, compactedBatch(4, 3)), [[0, 1], 6, null], 'behind records');
  assert.deepEqual(await ends(first, compactedBatch(4, 3, values(4, 5))), [[0, 1, 4], 6, null], 'half a one');
  assert.deepEqual(await ends(first, compactedBatch(4, 3), last), [[0, 1, 9], null, null], 'between records');
  assert.deepEqual(
    await ends(compactedBatch(4, 3), last.subarray(0, 70)),
    [[], 6, null],
    'before one that is not there as a whole',
  );
  const torn = Buffer.from(last);
  torn.writeUInt8(torn.readUInt8(65) ^ 1, 65);
  assert.deepEqual(await ends(compactedBatch(4, 3), torn), [[], null, 7], 'before one that cannot be read');
});

test('a batch is measured with what its records take in memory', async () => {
  const tiny = recordBytes(Array.from({ length: 1000 }, () => Buffer.alloc(0)));
  const batch = async (compression: Compression): Promise<Buffer> =>
    batchBytes({ baseOffset: 0, count: 1000, compression, payload: await compressed(compression, tiny) });
  const needed = tiny.length + 256 * 1000;
  try {
    for (const compression of COMPRESSIONS.slice(1)) {
      allowBatchBytes(needed);
      assert.equal((await read(await batch(compression))).offsets.length, 1000, compression);
      allowBatchBytes(needed - 1);
      const { unreadable } = await read(await batch(compression));
      assert.match(unreadable?.reason ?? '', /more than input\.maxBatchBytes \(\d+\) allows/, compression);
    }
    assert.equal(
      (await read(await batch('none'))).offsets.length,
      1000,
      'what is not compressed was fetched as it is',
    );
  } finally {
    allowBatchBytes(67_108_864);
  }
});

test('one answer gives no more than memory is meant for, and always something', async () => {
  const large = recordBytes([Buffer.alloc(20 * 2 ** 20)]);
  const set = Buffer.concat(
    await Promise.all(
      [0, 1, 2].map(async (baseOffset) =>
        batchBytes({ baseOffset, count: 1, compression: 'zstd', payload: await compressed('zstd', large) }),
      ),
    ),
  );
  const answer = await readAnswer([set, set]);
  assert.deepEqual(
    answer.map(({ offsets, unreadable }) => [offsets, unreadable]),
    [
      [[0, 1], null],
      [[], null],
    ],
  );
});
