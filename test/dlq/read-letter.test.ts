import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventHeaders, readLetter } from '../../src/dlq/read-letter.js';
import type { HeaderList, SourceBatch } from '../../src/model.js';
import { deadLetter } from '../../src/publish/dead-letter.js';

const PLACE = { topic: 'some.dlt', partition: 2, offset: 17, timestampMs: 1_700_000_000_000 };

function letterWith(headers: HeaderList) {
  const batch: SourceBatch = {
    topic: PLACE.topic,
    partition: PLACE.partition,
    records: [{ offset: '17', timestamp: String(PLACE.timestampMs), key: null, value: Buffer.from('v') }],
    headersOf: () => headers,
    fetchedOffset: 17,
    nextOffset: 18,
    highWatermark: 18,
  };
  return readLetter(batch, 0);
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const int64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

test("Outrider's own letters: what was written is what is read, null headers included", () => {
  const own: HeaderList = [
    ['trace', utf8('abc')],
    ['empty', Buffer.alloc(0)],
    ['nothing', null],
    ['__dlq.redrive.attempts', utf8('2')],
  ];
  const event = { offset: '99', timestamp: '1600000000000', key: utf8('k'), value: utf8('v') };
  const facts = {
    topic: 'in',
    partition: 4,
    group: 'g',
    reason: 'undecodable',
    message: 'why',
    attempts: 3,
  } as const;
  const written = deadLetter(event, own, facts, {
    topic: 'some.dlt',
    partition: 0,
    batchBytesMax: 1_000_000,
    timestampMs: 0,
  });
  const letter = letterWith(written.headers.map(([name, value]) => [name, value ?? Buffer.alloc(0)]));
  assert.equal(letter.writtenBy, 'outrider');
  assert.deepEqual(
    [letter.reason, letter.message, letter.attempts, letter.group, letter.truncated],
    ['undecodable', 'why', 3, 'g', null],
  );
  assert.deepEqual(letter.source, { topic: 'in', partition: 4, offset: 99, timestampMs: 1_600_000_000_000 });
  assert.deepEqual(eventHeaders(letter), own.slice(0, 3));
});

test('letters of Kafka Connect: places are text (DeadLetterQueueReporter)', () => {
  const letter = letterWith([
    ['__connect.errors.topic', utf8('orders')],
    ['__connect.errors.partition', utf8('3')],
    ['__connect.errors.offset', utf8('1207')],
    ['__connect.errors.connector.name', utf8('sink')],
    ['__connect.errors.stage', utf8('VALUE_CONVERTER')],
    ['__connect.errors.exception.class.name', utf8('org.apache.kafka.connect.errors.DataException')],
    ['__connect.errors.exception.message', utf8('Unknown magic byte!')],
    ['own', utf8('kept')],
  ]);
  assert.deepEqual(
    [letter.writtenBy, letter.reason, letter.message, letter.group],
    ['connect', 'DataException', 'Unknown magic byte!', 'sink'],
  );
  assert.deepEqual(letter.source, { topic: 'orders', partition: 3, offset: 1207, timestampMs: null });
  assert.deepEqual(eventHeaders(letter), [['own', utf8('kept')]]);
});

test('letters of Spring: places are big-endian integers, the first of several is the original', () => {
  const letter = letterWith([
    ['kafka_dlt-original-topic', utf8('orders')],
    ['kafka_dlt-original-partition', int32(3)],
    ['kafka_dlt-original-offset', int64(5_000_000_000)],
    ['kafka_dlt-original-timestamp', int64(1_700_000_000_123)],
    ['kafka_dlt-original-consumer-group', utf8('billing')],
    ['kafka_dlt-exception-fqcn', utf8('org.springframework.kafka.listener.ListenerExecutionFailedException')],
    ['kafka_dlt-exception-cause-fqcn', utf8('java.lang.IllegalStateException')],
    ['kafka_dlt-exception-message', utf8('no such customer')],
    ['kafka_dlt-original-offset', int64(12)],
  ]);
  assert.deepEqual(
    [letter.writtenBy, letter.reason, letter.group, letter.attempts],
    ['spring', 'IllegalStateException', 'billing', 2],
  );
  assert.deepEqual(letter.source, {
    topic: 'orders',
    partition: 3,
    offset: 5_000_000_000,
    timestampMs: 1_700_000_000_123,
  });
});

test('whatever the headers hold, a letter is read, and a place in it is a possible place', () => {
  const names = ['topic', 'partition', 'offset', 'timestamp', 'attempts', 'null-headers', 'reason'];
  const prefixes = ['__dlq.errors.', '__connect.errors.', 'kafka_dlt-original-', 'kafka_dlt-', ''];
  const name = fc.oneof(
    fc.tuple(fc.constantFrom(...prefixes), fc.constantFrom(...names)).map((parts) => parts.join('')),
    fc.constantFrom('__proto__', 'constructor', ''),
  );
  const value = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('-1', '1e9', '99999999999999999', 'a b', '../x', '7').map(utf8),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (headers) => {
      const letter = letterWith(headers);
      eventHeaders(letter);
      assert.ok(Number.isSafeInteger(letter.attempts) && letter.attempts >= 1);
      if (letter.source === null) return;
      assert.match(letter.source.topic, /^[A-Za-z0-9._-]{1,249}$/);
      assert.ok(Number.isSafeInteger(letter.source.offset) && letter.source.offset >= 0);
      assert.ok(letter.source.partition >= 0 && letter.source.partition < 2 ** 31);
    }),
    { numRuns: 2000 },
  );
  assert.deepEqual(Object.keys(Object.prototype), []);
});
