/** Parts of a topic: each wanted record comes once, in order, and the reading ends. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../src/detect/random.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { readRanges } from '../../src/kafka/topic-reader.js';
import type { OffsetRange } from '../../src/model.js';
import { deleteBefore } from '../support/delete-before.js';
import { Scenario, log } from '../support/scenario.js';

const PARTITIONS = 3;
const EVENTS = 6000;
const SIZE = EVENTS / PARTITIONS;

let scenario: Scenario;
before(async () => {
  scenario = await Scenario.create(PARTITIONS);
  // Record batches of a few hundred events, and some of one.
  for (let first = 0; first < EVENTS; first += 600) await scenario.produce(first, first + 600);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

async function read(
  ranges: ReadonlyMap<number, readonly OffsetRange[]>,
  fetchPartitionBytes: number,
): Promise<Map<number, number[]>> {
  const found = new Map<number, number[]>();
  const parts = {
    kafka: localKafka(scenario.brokers),
    topic: scenario.name,
    groupPrefix: `${scenario.name}.parts`,
    ranges,
    fetchPartitionBytes,
    log,
    signal: AbortSignal.timeout(60_000),
  };
  for await (const { partition, records } of readRanges(parts)) {
    const offsets = found.get(partition) ?? [];
    for (const { offset } of records) offsets.push(Number(offset));
    found.set(partition, offsets);
  }
  parts.signal.throwIfAborted();
  return found;
}

test('ranges far apart, next to each other within a record batch, at both ends of the log, in one partition of three', async () => {
  for (let seed = 0; seed < 6; seed++) {
    const random = seededRandom(seed);
    const ranges = new Map<number, OffsetRange[]>();
    for (let partition = seed % 2; partition < PARTITIONS; partition++) {
      const list: OffsetRange[] = [];
      // In turn a handful of long ones and hundreds of short ones.
      const [gap, length] = seed % 3 === 0 ? [700, 300] : [12, 9];
      let at = seed === 0 ? 0 : Math.floor(random() * gap);
      while (at < SIZE) {
        const to = Math.min(SIZE, at + 1 + Math.floor(random() * length));
        list.push({ from: at, to });
        at = to + 1 + Math.floor(random() * gap);
      }
      ranges.set(partition, list);
    }
    const wanted = new Map(
      [...ranges].map(([partition, list]) => [
        partition,
        list.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)),
      ]),
    );
    const found = await read(ranges, seed < 3 ? 1000 : 65_536);
    for (const [partition, offsets] of wanted)
      assert.deepEqual(found.get(partition), offsets, `seed ${seed}`);
    assert.deepEqual([...found.keys()].sort(), [...wanted.keys()]);
  }
});

test('what is deleted before it is read is passed over, and the reading ends', async () => {
  await deleteBefore(scenario, 0, 150);
  await deleteBefore(scenario, 1, 200);
  const found = await read(
    new Map([
      [0, [{ from: 100, to: 190 }]],
      [1, [{ from: 0, to: 200 }]],
    ]),
    524_288,
  );
  assert.deepEqual([...found], [[0, Array.from({ length: 40 }, (_, i) => 150 + i)]]);
});
