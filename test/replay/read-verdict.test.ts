/** What a diff reads of an anomaly record, beside what avsc reads of it; and what is none. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { anomalyType } from '../../src/publish/anomaly-record.js';
import { VerdictReader } from '../../src/replay/diff/read-verdict.js';
import { anomaly, anomalyBytes } from '../support/anomalies.js';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const double = fc.double({ noNaN: true });
/** avsc refuses the largest safe integer. */
const LONG_MAX = Number.MAX_SAFE_INTEGER - 1;

const fields = fc.record(
  {
    id: fc.oneof(fc.stringMatching(/^[0-9a-f]{32}$/), text),
    topic: text,
    partition: fc.integer({ min: 0, max: 2147483647 }),
    offset: fc.integer({ min: 0, max: LONG_MAX }),
    entity: fc.option(text),
    // Below -2^52 avsc writes another number than it was given.
    eventTime: fc.integer({ min: -(2 ** 52), max: LONG_MAX }),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    detector: text,
    features: fc.array(
      fc.record({
        name: text,
        value: double,
        contribution: double,
        expected: fc.option(fc.record({ low: double, high: double })),
      }),
      { maxLength: 4 },
    ),
    event: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    runId: fc.option(text),
    retracted: fc.boolean(),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('every field is the one that avsc writes, in either frame', () => {
  const reader = new VerdictReader();
  fc.assert(
    fc.property(fields, fc.boolean(), (changes, isSingleObject) => {
      const written = anomaly(changes);
      const frame = Buffer.from(isSingleObject ? 'c3010102030405060708' : '0000000001', 'hex');
      assert.equal(reader.read(Buffer.concat([frame, anomalyType().toBuffer(written)])), true);
      assert.deepEqual(
        [reader.topic, reader.partition, reader.offset, reader.entity, reader.score, reader.runId],
        [written.topic, written.partition, written.offset, written.entity, written.score, written.runId],
      );
      assert.equal(reader.isRetraction, written.retracted);
      assert.equal(reader.day, Math.floor(written.eventTime / 86_400_000));
      const hex = /^[0-9a-f]{32}$/.test(written.id)
        ? written.id
        : createHash('sha256').update(written.id).digest('hex').slice(0, 32);
      assert.equal([...reader.id].map((word) => word.toString(16).padStart(8, '0')).join(''), hex);
    }),
  );
});

test('what is cut short, goes on, or has bytes of something else is no anomaly', () => {
  const reader = new VerdictReader();
  const whole = anomalyBytes();
  for (let length = 0; length < whole.length; length++)
    assert.equal(reader.read(whole.subarray(0, length)), false, `${length} bytes`);
  assert.equal(reader.read(Buffer.concat([whole, Buffer.alloc(1)])), false);
  assert.equal(reader.read(Buffer.from('{"amount": 12, "and": "some more text than a frame has"}')), false);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(reader.read(Buffer.concat([Buffer.alloc(5), bytes])), false);
    }),
  );
  assert.equal(reader.read(whole), true, 'and the next one is read as ever');
});

test('a place that no event has, and a score that is no number, are no anomaly', () => {
  const reader = new VerdictReader();
  for (const changes of [
    { partition: -1 },
    { offset: -1 },
    { score: NaN },
    { score: Infinity },
    { topic: 'x'.repeat(250) },
  ])
    assert.equal(reader.read(anomalyBytes(changes)), false, JSON.stringify(changes));
});

test('a list of features in blocks that say their size is read as well', () => {
  const reader = new VerdictReader();
  const wanted = anomaly({ features: [], event: Buffer.alloc(0), runId: null, retracted: true });
  const body = anomalyType().toBuffer(wanted);
  const feature = Buffer.concat([Buffer.from([2]), Buffer.from('a'), Buffer.alloc(16), Buffer.from([0])]);
  // A block of -1 items, which is one, of so many bytes (zig-zag), and the end of the list.
  const features = Buffer.concat([Buffer.from([1, 2 * feature.length]), feature, Buffer.from([0])]);
  const [head, tail] = [body.subarray(0, body.length - 4), body.subarray(body.length - 3)];
  assert.equal(reader.read(Buffer.concat([Buffer.alloc(5), head, features, tail])), true);
  assert.equal(reader.isRetraction, true);
});

test('a list of features that claims more than its bytes hold is refused at once', () => {
  const body = anomalyType().toBuffer(anomaly({ features: [], event: Buffer.alloc(0) }));
  // The empty list, the empty event, no run, no retraction: 00 00 00 00. Then 2^40 features in place of none.
  const hostile = Buffer.concat([
    Buffer.alloc(5),
    body.subarray(0, body.length - 4),
    Buffer.from('808080808080' + '01', 'hex'),
    Buffer.alloc(100),
  ]);
  assert.equal(new VerdictReader().read(hostile), false);
});
