/** From a record to the dead-letter topic, in memory but for nothing else: a detector that fails costs its events alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro, { type Type } from 'avsc';
import { pino } from 'pino';
import { EventDecoder } from '../../src/decode/event-decoder.js';
import { isPlanFault, planFields } from '../../src/decode/field-plan.js';
import { compileFeatures } from '../../src/features/compile.js';
import { compileFeatureSpec, isSpecFault } from '../../src/features/spec.js';
import type { OutgoingRecord, SourceBatch } from '../../src/model.js';
import { WorkerMetrics } from '../../src/observe/worker-metrics.js';
import { LiveCourse } from '../../src/pipeline/live-course.js';
import { PartitionTask } from '../../src/pipeline/partition-task.js';
import { Scorer } from '../../src/pipeline/scorer.js';
import type { CommitUnit } from '../../src/ports.js';
import { decodeAnomaly } from '../../src/publish/anomaly-record.js';
import { Producer } from '../../src/publish/producer.js';
import { Publisher } from '../../src/publish/publisher.js';
import { anomalyType } from '../../src/publish/anomaly-record.js';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { FAILURES, FailingDetector, MESSAGES, type Failure } from '../support/failing-detector.js';
import { until } from '../support/until.js';

const AT = { topic: 't', partition: 0 };
const { signal } = new AbortController();

const type: Type = avro.Type.forSchema({
  type: 'record',
  name: 'R',
  fields: [
    { name: 'score', type: 'double' },
    { name: 'failure', type: 'double' },
  ],
});

function scorer(isAsync: boolean): Scorer {
  const spec = compileFeatureSpec(['score', 'failure']);
  assert.ok(!isSpecFault(spec));
  const plan = planFields(type, { fields: spec.fields, time: null, entity: null });
  assert.ok(!isPlanFault(plan));
  const schemas = { find: () => Promise.resolve(new Map()) };
  const decoder = new EventDecoder({ encoding: 'raw', reader: type, plan, schemas, maxEventBytes: 1000 });
  return new Scorer(decoder, compileFeatures(spec), {
    identity: { detector: 'failing', name: 'm', version: '1' },
    detector: new FailingDetector(isAsync),
    threshold: 0.5,
    features: ['score', 'failure'],
  });
}

const output = (name: string): { name: string; partitions: number; batchBytesMax: number } => ({
  name,
  partitions: 1,
  batchBytesMax: 1_000_000,
});

/** Runs a partition's task over events until all are committed. @returns what is visible then */
async function run(events: readonly Buffer[], isAsync: boolean): Promise<OutgoingRecord[]> {
  const visible: OutgoingRecord[] = [];
  let committed = 0;
  const transport = { send: () => Promise.reject(new Error('not in a transaction')) };
  const real = scorer(isAsync);
  const task = new PartitionTask(
    AT,
    {
      fence: () => Promise.resolve(null),
      discard: () => Promise.resolve(),
      begin: () => {
        const written: OutgoingRecord[] = [];
        return Promise.resolve({
          send: (topic, partition, records) => {
            written.push(...records.map((record) => ({ ...record, topic, partition })));
            return Promise.resolve(0);
          },
          commit: (nextOffset) => {
            visible.push(...written);
            committed = nextOffset;
            return Promise.resolve();
          },
        } satisfies CommitUnit);
      },
    },
    {
      group: 'g',
      course: new LiveCourse({
        group: 'g',
        startAt: 'earliest',
        onTruncated: 'error',
        offsets: {
          committed: () => Promise.resolve(new Map()),
          range: () => Promise.resolve(new Map([[0, { low: 0, high: events.length }]])),
          atTime: () => Promise.resolve(new Map()),
        },
      }),
      commit: { intervalMs: 1_000_000, maxRecords: 1 },
      source: {
        join: () => Promise.resolve(),
        leave: () => Promise.resolve(),
        start: () => undefined,
        pause: () => undefined,
      },
      pace: null,
      scorer: real,
      publisher: new Publisher({
        verdict: real.judge,
        group: 'g',
        anomalies: output('out'),
        deadLetters: output('dlt'),
        frame: singleObjectHeader(anomalyType()),
        clock: () => 0,
      }),
      producer: new Producer({ transport, batchBytesMax: () => 1_000_000 }),
      metrics: new WorkerMetrics(),
      clock: () => 0,
      log: pino({ level: 'silent' }),
      pendingBytesMax: () => 8_388_608,
      nextHeartbeat: () => new Promise(() => undefined),
      onFatal: (error) => assert.fail(error),
    },
  );
  task.assign();
  await until('the task runs', 2000, () => task.status().state === 'running');
  const records = events.map((value, i) => ({ offset: String(i), timestamp: '0', key: null, value }));
  const batch: SourceBatch = {
    ...AT,
    records,
    headersOf: () => [],
    fetchedOffset: 0,
    nextOffset: events.length,
    highWatermark: events.length,
  };
  await task.handle(batch, signal);
  await until('everything is committed', 2000, () => committed === events.length);
  await task.release();
  return visible;
}

for (const isAsync of [false, true]) {
  test(`${isAsync ? 'a detector that answers later' : 'a detector'} fails on some events: they are dead letters, the others anomalies, and the partition goes on`, async () => {
    // An ordinary one, one of each failure, and between them anomalies.
    const failures: Failure[] = FAILURES.flatMap((failure) => ['none', failure]);
    const events = failures.map((failure) =>
      type.toBuffer({ score: 0.75, failure: FAILURES.indexOf(failure) }),
    );
    const records = await run(events, isAsync);
    const letters = records.filter(({ topic }) => topic === 'dlt');
    const failing = failures.flatMap((failure, offset) => (failure === 'none' ? [] : [{ failure, offset }]));
    assert.deepEqual(
      letters.map(({ headers }) => header(headers, '__dlq.errors.offset')),
      failing.map(({ offset }) => String(offset)),
    );
    for (const [i, { failure, offset }] of failing.entries()) {
      const { headers, value } = letters[i] as OutgoingRecord;
      assert.equal(header(headers, '__dlq.errors.reason'), 'detector-failed');
      assert.match(
        header(headers, '__dlq.errors.message') ?? '',
        MESSAGES[failure as Exclude<Failure, 'none'>],
      );
      assert.deepEqual(value, events[offset], 'byte for byte');
    }
    const anomalies = records
      .filter(({ topic }) => topic === 'out')
      .map(({ value }) => decodeAnomaly(value as Buffer));
    assert.deepEqual(
      anomalies.map(({ offset }) => offset),
      failures.flatMap((failure, offset) => (failure === 'none' ? [offset] : [])),
    );
    for (const { score, features } of anomalies) {
      assert.equal(score, 0.75);
      assert.deepEqual(
        features.map(({ name, contribution, expected }) => [name, contribution, expected?.high]),
        [
          ['failure', 1, 0],
          ['score', 0.75, 0.75],
        ],
      );
    }
  });
}

function header(headers: OutgoingRecord['headers'], name: string): string | undefined {
  return headers.find(([key]) => key === name)?.[1]?.toString();
}
