/** The live verdicts on a partition's events, with memory for a few of them at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeaderList, SourceBatch } from '../../src/model.js';
import { type Anomaly, anomalyType, encodeAnomaly } from '../../src/publish/anomaly-record.js';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { PriorVerdictReader } from '../../src/replay/backfill/prior-verdicts.js';

const END = 60;
const { signal } = new AbortController();

interface Said {
  readonly offset: number;
  readonly model: string;
  readonly retracted: boolean;
}

const idOf = ({ offset, model }: Said): string => `${offset}-${model}`;

function record(said: Said): { value: Buffer; headers: HeaderList } {
  const { offset, model, retracted } = said;
  const anomaly: Anomaly = {
    id: idOf(said),
    topic: 't',
    partition: 2,
    offset,
    entity: null,
    eventTime: 0,
    detectedAt: 0,
    score: 0.75,
    threshold: 0.6,
    detector: 'd',
    model,
    modelVersion: '1',
    features: [],
    event: Buffer.from('the event'),
    runId: null,
    retracted,
  };
  return {
    value: encodeAnomaly(anomaly, singleObjectHeader(anomalyType())),
    headers: [['outrider-source', Buffer.from(`t/2/${offset}`)]],
  };
}

function batch(records: readonly { value: Buffer | null; headers: HeaderList }[]): SourceBatch {
  return {
    topic: 'out',
    partition: 0,
    records: records.map(({ value }, i) => ({ offset: String(i), timestamp: '0', key: null, value })),
    headersOf: (index) => records[index]?.headers ?? [],
    fetchedOffset: 0,
    nextOffset: records.length,
    highWatermark: records.length,
  };
}

async function* once(...batches: SourceBatch[]): AsyncGenerator<SourceBatch> {
  yield* batches;
}

/** What stands of each event, as a list of everything would say. */
function standing(said: readonly Said[]): Record<number, string[]> {
  const found: Record<number, string[]> = {};
  for (const one of said) {
    const ids = (found[one.offset] ?? []).filter((id) => id !== idOf(one));
    if (!one.retracted) ids.push(idOf(one));
    found[one.offset] = ids;
  }
  return Object.fromEntries(Object.entries(found).filter(([, ids]) => ids.length > 0));
}

test('however little memory there is, every verdict that stands is found, once, in the order of the events', async () => {
  const saidArbitrary = fc.array(
    fc.record({
      offset: fc.integer({ min: 0, max: END + 10 }),
      model: fc.constantFrom('a', 'b'),
      retracted: fc.boolean(),
    }),
    { maxLength: 80 },
  );
  await fc.assert(
    fc.asyncProperty(
      saidArbitrary,
      fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(0, 3000, 20_000, 1e9),
      async (said, steps, bytesMax) => {
        let reads = 0;
        const reader = new PriorVerdictReader({
          topic: 't',
          partition: 2,
          end: END,
          bytesMax,
          read: () => {
            reads++;
            return once(batch(said.map(record)));
          },
          onUnreadable: () => assert.fail(),
        });
        const found: Record<number, string[]> = {};
        for (let at = 0, step = 0; at < END; step++) {
          const to = Math.min(END, at + (steps[step % steps.length] ?? 1));
          let last = -1;
          for (const { offset, verdicts } of await reader.within(at, to, signal)) {
            assert.ok(offset >= at && offset < to && offset > last);
            last = offset;
            found[offset] = verdicts.map(({ id }) => id);
          }
          at = to;
        }
        const expected = Object.fromEntries(
          Object.entries(standing(said)).filter(([offset]) => Number(offset) < END),
        );
        assert.deepEqual(found, expected);
        if (bytesMax === 1e9) assert.equal(reads, 1);
      },
    ),
  );
});

test('verdicts on other partitions and topics are none of its business; a record that is no anomaly counts', async () => {
  const unreadable: string[] = [];
  const headers = (text: string): HeaderList => [['outrider-source', Buffer.from(text)]];
  const { value } = record({ offset: 1, model: 'a', retracted: false });
  const reader = new PriorVerdictReader({
    topic: 't',
    partition: 2,
    end: END,
    bytesMax: 1e9,
    read: () =>
      once(
        batch([
          { value, headers: headers('t/22/5') },
          { value, headers: headers('tt/2/6') },
          { value, headers: headers('t/2/x') },
          { value, headers: [] },
          { value: Buffer.from('junk'), headers: headers('t/2/7') },
          { value: null, headers: headers('t/2/8') },
        ]),
      ),
    onUnreadable: ({ offset }) => unreadable.push(offset),
  });
  const found = await reader.within(0, END, signal);
  assert.deepEqual(
    found.map(({ offset, verdicts }) => [offset, verdicts.length]),
    [
      [7, 0],
      [8, 0],
    ],
  );
  assert.deepEqual(unreadable, ['4', '5']);
});

test('who is broken off does not wait for the reading, and whoever comes next gets what it read', async () => {
  let reads = 0;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const reader = new PriorVerdictReader({
    topic: 't',
    partition: 2,
    end: END,
    bytesMax: 1e9,
    read: async function* () {
      reads++;
      await held;
      yield batch([record({ offset: 7, model: 'a', retracted: false })]);
    },
    onUnreadable: () => assert.fail(),
  });
  const rebalance = new AbortController();
  const first = reader.within(0, 5, rebalance.signal);
  const reason = new Error('the group is shared out anew');
  rebalance.abort(reason);
  await assert.rejects(first, reason);
  assert.equal(reader.isReading, true);
  const second = reader.within(5, END, signal);
  release();
  assert.deepEqual(
    (await second).map(({ offset }) => offset),
    [7],
  );
  assert.deepEqual([reads, reader.isReading], [1, false]);
});
