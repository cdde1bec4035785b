/** What a worker may hold between fetch and commit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutgoingRecord, SourceBatch } from '../../src/model.js';
import { pendingBytesMax, sliceRecordsMax } from '../../src/pipeline/in-flight.js';
import { PendingOutput } from '../../src/pipeline/pending-output.js';
import type { ScoredRows } from '../../src/publish/publisher.js';

const MIB = 1_048_576;

test('partitions share what may wait for its commit, and a slice of wide events has fewer of them', () => {
  assert.deepEqual([0, 1, 4, 8, 32].map(pendingBytesMax), [8 * MIB, 8 * MIB, 8 * MIB, 4 * MIB, MIB]);
  assert.deepEqual(
    [1, 16, 64, 4096, 100_000].map((features) => sliceRecordsMax(features, 100_000)),
    [4096, 4096, 1024, 16, 1],
  );
  assert.equal(sliceRecordsMax(1, 40), 40);
});

test('output that waits does not keep the fetch that it came from', () => {
  const response = Buffer.alloc(4 * MIB, 'x');
  const view = (length: number): Buffer => response.subarray(1000, 1000 + length);
  const record: OutgoingRecord = {
    topic: 'out',
    partition: 0,
    key: view(10),
    value: view(2000),
    headers: [
      ['a', view(5)],
      ['b', null],
    ],
  };
  const pending = new PendingOutput(0, 0);
  const batch = { nextOffset: 1, records: [{ timestamp: '0' }] } as unknown as SourceBatch;
  pending.add(batch, { batch, fields: { tombstones: 0 }, rejects: [] } as unknown as ScoredRows, {
    records: [record],
    anomalies: 1,
    alreadyThere: 0,
    takenBack: 0,
    deadLetters: new Map(),
    refused: [],
    anomalous: [0],
  });
  const [kept] = pending.records;
  assert.deepEqual(kept, record);
  for (const bytes of [kept?.key, kept?.value, kept?.headers[0]?.[1]])
    assert.ok((bytes?.buffer.byteLength ?? Infinity) <= 65_536);
});
