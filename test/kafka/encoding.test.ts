/** What replaces kafkajs's encoder of records writes the same bytes. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeRecord, groupMessages } from '../../src/kafka/kafkajs/encoding.js';

const load = createRequire(import.meta.url);
type Encode = (message: object) => { buffer: Buffer };
// Nobody in this file has loaded the repairs: this is kafkajs as it is published.
const published = load('kafkajs/src/protocol/recordBatch/record/v0') as Encode;
const publishedGroups = load('kafkajs/src/producer/groupMessagesPerPartition') as typeof groupMessages;

const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
const content = fc.option(fc.oneof(bytes, fc.string()), { nil: null });
const header = fc.oneof(bytes, fc.string());
const headers = fc
  .array(fc.tuple(fc.string(), fc.oneof(header, fc.array(header, { maxLength: 3 }))), { maxLength: 8 })
  .map((pairs) => Object.assign(Object.create(null) as object, Object.fromEntries(pairs)));

test('a record is encoded byte for byte as by kafkajs', () => {
  fc.assert(
    fc.property(
      fc.record({
        offsetDelta: fc.nat(2 ** 30),
        timestampDelta: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
        key: content,
        value: content,
        headers,
      }),
      (message) => {
        const { buf, buffer } = encodeRecord(message);
        assert.equal(buffer.toString('hex'), published(message).buffer.toString('hex'));
        assert.equal(buf, buffer);
      },
    ),
    { numRuns: 3000 },
  );
  assert.deepEqual(encodeRecord({}).buffer, published({}).buffer);
});

test('a header without a value is written as null', () => {
  const { buffer } = encodeRecord({ value: 'v', headers: { a: null } });
  assert.equal(buffer.toString('hex'), '14000000010276020261' + '01');
});

test('messages are grouped as by kafkajs, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ partition: fc.nat(5) })), (messages) => {
      const partitioner = ({ message }: { message: unknown }): number =>
        (message as { partition: number }).partition;
      const what = { topic: 't', partitionMetadata: [1], messages, partitioner };
      assert.deepEqual(groupMessages(what), publishedGroups(what));
      assert.deepEqual(groupMessages({ ...what, partitionMetadata: [] }), {});
    }),
  );
});
