import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MissingRemoteError } from '../../src/errors.js';
import { type StartSituation, decideStart } from '../../src/pipeline/start-offset.js';

const base: StartSituation = {
  at: { topic: 't', partition: 1 },
  group: 'g',
  committed: new Map([
    [0, null],
    [1, null],
  ]),
  range: { low: 10, high: 50 },
  isSettled: true,
  startAt: 'latest',
  onTruncated: 'error',
  atTime: () => Promise.resolve(33),
};
const METADATA = 'outrider partitions=2';
const offset = async (change: Partial<StartSituation>): Promise<number> =>
  (await decideStart({ ...base, ...change })).offset;

test('a new group starts where it is told, and that is to be committed', async () => {
  assert.deepEqual(await decideStart(base), { offset: 50, isNew: true, metadata: METADATA });
  assert.equal(await offset({ startAt: 'earliest' }), 10);
  assert.equal(await offset({ startAt: { timeMs: 5 } }), 33);
  await assert.rejects(decideStart({ ...base, startAt: 'error' }), MissingRemoteError);
});

test('a committed offset counts, at both ends of the log too', async () => {
  for (const own of [10, 30, 50]) {
    const start = await decideStart({
      ...base,
      committed: new Map([[1, { offset: own, metadata: METADATA }]]),
    });
    assert.deepEqual(start, { offset: own, isNew: false, metadata: METADATA });
  }
});

test('one that is not in the log is an error or the earliest', async () => {
  for (const own of [9, 51]) {
    const committed = new Map([[1, { offset: own, metadata: METADATA }]]);
    await assert.rejects(decideStart({ ...base, committed }), MissingRemoteError);
    assert.equal(await offset({ committed, onTruncated: 'earliest' }), 10);
  }
});

test('a log that ends before the committed offset is not believed at once', async () => {
  const beyond = { ...base, committed: new Map([[1, { offset: 51, metadata: METADATA }]]), isSettled: false };
  for (const onTruncated of ['error', 'earliest'] as const) {
    await assert.rejects(
      decideStart({ ...beyond, onTruncated }),
      (error: unknown) => error instanceof MissingRemoteError && error.mayPass,
    );
  }
  // What retention has deleted does not come back.
  const deleted = { ...beyond, committed: new Map([[1, { offset: 9, metadata: METADATA }]]) };
  assert.equal((await decideStart({ ...deleted, onTruncated: 'earliest' })).offset, 10);
});

test('a partition that was there at the start gets startAt, one that came later its beginning', async () => {
  const beside = (partitions: number): StartSituation['committed'] =>
    new Map([
      [0, { offset: 7, metadata: `outrider partitions=${partitions}` }],
      [1, null],
      [2, null],
    ]);
  assert.equal(await offset({ committed: beside(2) }), 50);
  assert.equal(await offset({ committed: beside(1) }), 10);
  assert.equal((await decideStart({ ...base, committed: beside(1) })).metadata, 'outrider partitions=1');
  const foreign = new Map([
    [0, { offset: 7, metadata: '' }],
    [1, null],
  ]);
  assert.equal(await offset({ committed: foreign }), 10);
});
