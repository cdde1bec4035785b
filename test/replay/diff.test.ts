/** The parts of a diff together, without a broker: what two topics say of each event, beside a naive oracle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import type { SourceBatch } from '../../src/model.js';
import type { Anomaly } from '../../src/publish/anomaly-record.js';
import { VerdictCollector, type VerdictFilter } from '../../src/replay/diff/collect-verdicts.js';
import { compareVerdicts } from '../../src/replay/diff/compare-verdicts.js';
import { DiffTables, DiffTally } from '../../src/replay/diff/diff-tally.js';
import { EntrySorter } from '../../src/replay/diff/entry-sorter.js';
import { KeyTable, OTHERS } from '../../src/replay/diff/key-table.js';
import { EVERYTHING, type SourceRange, covers, intersection } from '../../src/replay/diff/source-range.js';
import { SpillFolder } from '../../src/replay/diff/spill-folder.js';
import { standingVerdicts } from '../../src/replay/diff/standing-verdicts.js';
import type { OffsetRange } from '../../src/replay/request/partition-ranges.js';
import { anomaly, anomalyBytes } from '../support/anomalies.js';

/** A record as it stands on an anomaly topic: in which partition of it, and when it was written. */
interface Written {
  readonly at: number;
  readonly timestampMs: number;
  readonly anomaly: Anomaly;
}

const DAY_MS = 86_400_000;
const LIMITS = { entriesInMemoryMax: 5, runsMergedMax: 2, blockEntries: 3 };
const ALL: VerdictFilter = {
  sourceTopic: null,
  range: EVERYTHING,
  entity: null,
  onlyRun: null,
  withoutRun: null,
};

const written: fc.Arbitrary<Written> = fc
  .record({
    at: fc.integer({ min: 0, max: 1 }),
    timestampMs: fc.integer({ min: 0, max: 4 }),
    topic: fc.constantFrom('orders', 'orders', 'payments'),
    place: fc.integer({ min: 0, max: 7 }),
    model: fc.constantFrom('m', 'n', 'o'),
    retracted: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, fc.boolean()),
    score: fc.constantFrom(0.5, 0.6, 0.75, 1),
    entity: fc.constantFrom('e1', 'e2', null),
    day: fc.constantFrom(-3, 20_000, 104_000_000),
    runId: fc.constantFrom(null, 'r1'),
  })
  .map(({ at, timestampMs, place, model, day, ...rest }) => ({
    at,
    timestampMs,
    anomaly: anomaly({
      ...rest,
      partition: place % 2,
      offset: place >> 1,
      byModel: model,
      eventTime: day * DAY_MS + 5,
    }),
  }));

const filter: fc.Arbitrary<VerdictFilter> = fc.record({
  sourceTopic: fc.constantFrom(null, null, 'orders'),
  range: fc.constantFrom<SourceRange>(
    EVERYTHING,
    { partitions: new Map([[0, { from: 1, to: 3 }]]), rest: null },
    { partitions: new Map([[1, { from: null, to: 2 }]]), rest: { from: 2, to: null } },
  ),
  entity: fc.constantFrom(null, null, 'e1'),
  onlyRun: fc.constantFrom(null, null, null, 'r1'),
  withoutRun: fc.constantFrom(null, null, 'r1'),
});

test('what differs is what a naive oracle finds, with little memory and with plenty', async () => {
  const records = fc.array(written, { maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(
      records,
      records,
      filter,
      fc.constantFrom(0, 0.1, 0.25),
      fc.boolean(),
      async (ofA, ofB, onlyIn, tolerance, isTight) => {
        const onlyInB = { ...onlyIn, withoutRun: null };
        const tally = await diff([ofA, onlyIn], [ofB, onlyInB], tolerance, isTight);
        const expected = naively(stands(ofA, onlyIn), stands(ofB, onlyInB), tolerance);
        assert.deepEqual(tally.counts, expected.total);
        assert.deepEqual(byKey(tally.entities), expected.byEntity);
        assert.deepEqual(byKey(tally.days), expected.byDay);
        assert.deepEqual(
          tally.examples
            .map((example) => `${example.outcome} ${example.topic}/${example.partition}/${example.offset}`)
            .sort(),
          expected.examples.sort(),
        );
        assert.equal(tally.largestChange, expected.largestChange);
      },
    ),
    { numRuns: 150 },
  );
});

test('a topic compared with itself does not differ', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(written, { maxLength: 40, size: 'max' }), async (records) => {
      const { added, removed, changed, same } = (await diff([records, ALL], [records, ALL], 0, true)).counts;
      assert.deepEqual([added, removed, changed], [0, 0, 0]);
      assert.equal(same, stands(records, ALL).size);
    }),
    { numRuns: 20 },
  );
});

async function diff(
  [ofA, filterA]: readonly [readonly Written[], VerdictFilter],
  [ofB, filterB]: readonly [readonly Written[], VerdictFilter],
  tolerance: number,
  isTight: boolean,
): Promise<DiffTally> {
  const tables = new DiffTables();
  const tally = new DiffTally(tables, tolerance, 1000);
  await using folder = new SpillFolder();
  const sorters = [ofA, ofB].map(() => (isTight ? new EntrySorter(folder, LIMITS) : new EntrySorter(folder)));
  const [a, b] = sorters as [EntrySorter, EntrySorter];
  for (const [sorter, records, only] of [
    [a, ofA, filterA],
    [b, ofB, filterB],
  ] as const) {
    const collector = new VerdictCollector(only, tables, sorter);
    // A batch a record of either partition in turn: the order of reading is not that of writing.
    for (const at of [1, 0])
      for (const batch of batches(
        records.filter((record) => record.at === at),
        at,
      ))
        await collector.add(batch);
  }
  await compareVerdicts(standingVerdicts(a.sorted()), standingVerdicts(b.sorted()), tally);
  return tally;
}

function* batches(records: readonly Written[], partition: number): Iterable<SourceBatch> {
  for (const [offset, { timestampMs, anomaly: value }] of records.entries())
    yield {
      topic: 'anomalies',
      partition,
      records: [
        { offset: String(offset), timestamp: String(timestampMs), key: null, value: anomalyBytes(value) },
      ],
      headersOf: () => [],
      fetchedOffset: offset,
      nextOffset: offset + 1,
      highWatermark: records.length,
    };
}

/** The verdict that stands for each place: records one after the other, as they were written. */
function stands(records: readonly Written[], only: VerdictFilter): ReadonlyMap<string, Anomaly> {
  const latest = [0, 0];
  const inOrder = records
    .map((record, index) => {
      const time = Math.max(latest[record.at] as number, record.timestampMs);
      latest[record.at] = time;
      return { ...record, time, index };
    })
    .sort((a, b) => a.time - b.time || a.at - b.at || a.index - b.index);
  const places = new Map<string, Map<string, Anomaly>>();
  for (const { anomaly: verdict } of inOrder) {
    const { topic, partition, offset, entity, runId, retracted, id } = verdict;
    if (only.sourceTopic !== null && topic !== only.sourceTopic) continue;
    if (!covers(only.range, partition, offset)) continue;
    if (only.onlyRun !== null && runId !== only.onlyRun) continue;
    if (only.withoutRun !== null && runId === only.withoutRun) continue;
    if (only.entity !== null && !retracted && entity !== only.entity) continue;
    const place = `${topic}/${partition}/${offset}`;
    const ofPlace = places.get(place) ?? new Map<string, Anomaly>();
    ofPlace.delete(id);
    if (!retracted) ofPlace.set(id, verdict);
    places.set(place, ofPlace);
  }
  return new Map(
    [...places].flatMap(([place, verdicts]) => [...verdicts.values()].slice(-1).map((last) => [place, last])),
  );
}

interface Found {
  readonly total: Record<string, number>;
  readonly byEntity: Record<string, Record<string, number>>;
  readonly byDay: Record<string, Record<string, number>>;
  readonly examples: string[];
  readonly largestChange: number;
}

function naively(a: ReadonlyMap<string, Anomaly>, b: ReadonlyMap<string, Anomaly>, tolerance: number): Found {
  const none = (): Record<string, number> => ({ added: 0, removed: 0, changed: 0, same: 0 });
  const found = { total: none(), byEntity: {}, byDay: {}, examples: [] as string[], largestChange: 0 };
  const count = (counts: Record<string, number>, outcome: string): void => {
    counts[outcome] = (counts[outcome] as number) + 1;
  };
  for (const place of new Set([...a.keys(), ...b.keys()])) {
    const [inA, inB] = [a.get(place), b.get(place)];
    const change = inA === undefined || inB === undefined ? 0 : Math.abs(inA.score - inB.score);
    found.largestChange = Math.max(found.largestChange, change);
    const outcome =
      inA === undefined ? 'added' : inB === undefined ? 'removed' : change > tolerance ? 'changed' : 'same';
    const shown = (inB ?? inA) as Anomaly;
    const day = Math.floor(shown.eventTime / DAY_MS);
    const [byEntity, byDay] = [found.byEntity, found.byDay] as Record<string, Record<string, number>>[];
    count(found.total, outcome);
    count(((byEntity as Found['byEntity'])[String(shown.entity)] ??= none()), outcome);
    count(((byDay as Found['byDay'])[String(day)] ??= none()), outcome);
    if (outcome !== 'same') found.examples.push(`${outcome} ${place}`);
  }
  return found;
}

function byKey(rows: readonly { readonly key: unknown }[]): Record<string, object> {
  return Object.fromEntries(rows.map(({ key, ...counts }) => [String(key), counts]));
}

test('what a verdict takes back is what was written of the same id before it, and no more', async () => {
  const at = 0;
  const verdict = (byModel: string, score: number, retracted = false): Written => ({
    at,
    timestampMs: 0,
    anomaly: anomaly({ byModel, score, retracted }),
  });
  const scoreOf = async (...records: Written[]): Promise<number | null | undefined> =>
    (await diff([[], ALL], [records, ALL], 0, false)).examples[0]?.scoreB;
  assert.equal(await scoreOf(verdict('m', 0.7), verdict('m', 0.7, true)), undefined);
  assert.equal(await scoreOf(verdict('m', 0.7, true), verdict('m', 0.7)), 0.7, 'written again afterwards');
  assert.equal(
    await scoreOf(verdict('m', 0.7), verdict('n', 0.8), verdict('n', 0.8, true)),
    0.7,
    'the other',
  );
  assert.equal(await scoreOf(verdict('m', 0.7), verdict('n', 0.8), verdict('m', 0.7, true)), 0.8);
  assert.equal(await scoreOf(verdict('n', 0.8), verdict('m', 0.7)), 0.7, 'the last of two models');
  assert.equal(
    await scoreOf(verdict('m', 0.7), verdict('n', 0.8), verdict('m', 0.7)),
    0.7,
    'written a second time: at least once',
  );
});

test('records that do not count are counted apart', async () => {
  const tables = new DiffTables();
  await using folder = new SpillFolder();
  const sorter = new EntrySorter(folder);
  const collector = new VerdictCollector({ ...ALL, sourceTopic: 'orders', entity: 'e1' }, tables, sorter);
  const values = [
    anomalyBytes(),
    anomalyBytes({ entity: 'e2' }),
    anomalyBytes({ entity: 'e2', retracted: true }),
    anomalyBytes({ topic: 'payments' }),
    anomalyBytes().subarray(0, 40),
    null,
  ];
  await collector.add({
    topic: 'anomalies',
    partition: 0,
    records: values.map((value, i) => ({ offset: String(i), timestamp: '1', key: null, value })),
    headersOf: () => [],
    fetchedOffset: 0,
    nextOffset: values.length,
    highWatermark: values.length,
  });
  assert.deepEqual(collector.counts, {
    records: 6,
    verdicts: 1,
    retractions: 1,
    otherTopics: 1,
    notAnomalies: 2,
  });
  assert.equal(sorter.count, 2);
});

test('verdicts on events of ever new topics are refused, not kept', async () => {
  await using folder = new SpillFolder();
  const collector = new VerdictCollector(ALL, new DiffTables(), new EntrySorter(folder));
  const records = Array.from({ length: 10_001 }, (_, i) => ({
    offset: String(i),
    timestamp: '1',
    key: null,
    value: anomalyBytes({ id: 'the same', topic: `t${i}` }),
  }));
  const batch = { topic: 'a', partition: 0, fetchedOffset: 0, nextOffset: 10_001, highWatermark: 10_001 };
  await assert.rejects(collector.add({ ...batch, records, headersOf: () => [] }), UsageError);
});

test('a full table counts what is new together, and goes on to know what it has', () => {
  const table = new KeyTable<string | null>({ keysMax: 3, charsMax: 10 });
  assert.deepEqual(
    ['abc', null, 'abc', 'defghijk', 'de', 'f', null, 'de'].map((key) => table.placeOf(key)),
    [1, 2, 1, OTHERS, 3, OTHERS, 2, 3],
  );
  assert.deepEqual(
    [OTHERS, 1, 2, 3, 4].map((place) => table.keyAt(place)),
    [undefined, 'abc', null, 'de', undefined],
  );
});

test('what two ranges mean together is what both mean', () => {
  const offset = fc.option(fc.integer({ min: 0, max: 9 }));
  const ofPartition = fc.record({ from: offset, to: offset });
  const range: fc.Arbitrary<SourceRange> = fc.record({
    partitions: fc
      .array(fc.tuple(fc.integer({ min: 0, max: 3 }), ofPartition), { maxLength: 3 })
      .map((pairs) => new Map<number, OffsetRange>(pairs)),
    rest: fc.option(ofPartition),
  });
  fc.assert(
    fc.property(range, range, (a, b) => {
      const both = intersection(a, b);
      for (let partition = 0; partition < 5; partition++)
        for (let at = 0; at < 11; at++)
          assert.equal(covers(both, partition, at), covers(a, partition, at) && covers(b, partition, at));
    }),
  );
});
