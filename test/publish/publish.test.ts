import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { OutgoingRecord } from '../../src/model.js';
import { anomalyId } from '../../src/publish/anomaly-record.js';
import { deadLetter } from '../../src/publish/dead-letter.js';
import { Producer } from '../../src/publish/producer.js';
import { fitsAlone, recordBytes } from '../../src/publish/record-size.js';

const record = (topic: string, partition: number, value: string, bytes = 0): OutgoingRecord => ({
  topic,
  partition,
  key: null,
  value: Buffer.concat([Buffer.from(value), Buffer.alloc(bytes)]),
  headers: [],
});

/** Remembers what was written; the next offset of each partition. */
class MemoryTransport {
  readonly batches: { topic: string; partition: number; values: string[]; bytes: number }[] = [];
  private readonly next = new Map<string, number>();

  async send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    const key = `${topic}/${partition}`;
    const offset = this.next.get(key) ?? 0;
    this.next.set(key, offset + records.length);
    await Promise.resolve();
    this.batches.push({
      topic,
      partition,
      values: records.map(({ value }) => String(value).replaceAll('\0', '')),
      bytes: records.reduce((sum, r) => sum + recordBytes(r), 0),
    });
    return offset;
  }
}

test('every record has its delivery, partitions keep their order, batches their limit', async () => {
  const transport = new MemoryTransport();
  const producer = new Producer({ transport, batchBytesMax: () => 1000 });
  const records = Array.from({ length: 30 }, (_, i) => record(i % 2 === 0 ? 'a' : 'b', i % 3, `${i}`, 150));
  const deliveries = await producer.sendAll(records);
  const perPartition = new Map<string, string[]>();
  for (const { topic, partition, values, bytes } of transport.batches) {
    assert.ok(bytes <= 1000);
    perPartition.set(`${topic}/${partition}`, [
      ...(perPartition.get(`${topic}/${partition}`) ?? []),
      ...values,
    ]);
  }
  for (const [i, { topic, partition, offset }] of deliveries.entries()) {
    assert.deepEqual([topic, partition], [records[i]?.topic, records[i]?.partition]);
    assert.equal(perPartition.get(`${topic}/${partition}`)?.[offset], `${i}`);
  }
});

test('records sent one by one go out together, in order, and are flushed on close', async () => {
  const transport = new MemoryTransport();
  const producer = new Producer({ transport, batchBytesMax: () => 10_000, lingerMs: 60_000 });
  const sent = Array.from({ length: 10 }, (_, i) => producer.send(record('a', 0, `${i}`)));
  await producer[Symbol.asyncDispose]();
  assert.deepEqual(
    (await Promise.all(sent)).map(({ offset }) => offset),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.equal(transport.batches.length, 1);
  await assert.rejects(producer.send(record('a', 0, 'late')), /closed/);
});

test('a failed batch fails its records and nobody else’s', async () => {
  const transport = new MemoryTransport();
  const failing = {
    send: (topic: string, partition: number, records: readonly OutgoingRecord[]) =>
      partition === 1 ? Promise.reject(new Error('no')) : transport.send(topic, partition, records),
  };
  const producer = new Producer({ transport: failing, batchBytesMax: () => 10_000, lingerMs: 1 });
  await assert.rejects(producer.send(record('a', 1, 'x')), /no/);
  assert.equal((await producer.send(record('a', 0, 'y'))).offset, 0);
});

test('an id is the first 128 bits of SHA-256 over place and model', () => {
  const expected = createHash('sha256').update('orders/3/42/forest@1a2b3c4d').digest('hex').slice(0, 32);
  assert.equal(
    anomalyId('orders', 3, 42, { detector: 'isolation-forest', name: 'forest', version: '1a2b3c4d' }),
    expected,
  );
});

test('a dead letter always fits its topic, whatever its key, value and headers weigh', () => {
  const facts = {
    topic: 't',
    partition: 1,
    group: 'g',
    reason: 'undecodable',
    message: 'm'.repeat(5000),
    attempts: 1,
  } as const;
  const to = { topic: 't.dlt', partition: 0, batchBytesMax: 2000, timestampMs: 0 };
  for (const [key, value, header] of [
    [10, 100, 0],
    [10, 100_000, 0],
    [10, 100, 100_000],
    [100_000, 100, 0],
    [100_000, 100_000, 100_000],
  ] as const) {
    const source = { offset: '5', timestamp: '0', key: Buffer.alloc(key), value: Buffer.alloc(value, 1) };
    const letter = deadLetter(source, [['h', Buffer.alloc(header)]], facts, to);
    assert.ok(fitsAlone(letter, 2000), `${key} ${value} ${header}: ${recordBytes(letter)}`);
    const truncated = letter.headers.find(([name]) => name === '__dlq.errors.truncated');
    assert.equal(truncated?.[1]?.toString() ?? `${value} of ${value}`, `${letter.value?.length} of ${value}`);
  }
});

test('a null header is written empty and named', () => {
  const source = { offset: '5', timestamp: '0', key: null, value: null };
  const letter = deadLetter(
    source,
    [
      ['a', null],
      ['b', Buffer.from('x')],
    ],
    { topic: 't', partition: 1, group: 'g', reason: 'undecodable', message: '', attempts: 1 },
    { topic: 'd', partition: 0, batchBytesMax: 10_000, timestampMs: 0 },
  );
  assert.equal(letter.headers.find(([name]) => name === '__dlq.errors.null-headers')?.[1]?.toString(), 'a');
  assert.equal(letter.value, null);
});
