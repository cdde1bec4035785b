/** Training data of batches that come in any order. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import avro from 'avsc';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import type { SourceBatch } from '../../src/model.js';
import { prepareReading } from '../../src/pipeline/setup.js';
import { TrainingCollector, type TrainingData } from '../../src/pipeline/training-collector.js';
import { fileDecoder } from '../../src/pipeline/training-data.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-collector-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const type = avro.Type.forSchema({ type: 'record', name: 'E', fields: [{ name: 'a', type: 'double' }] });
writeFileSync(join(folder, 'event.avsc'), JSON.stringify(type.schema()));
writeFileSync(
  join(folder, 'outrider.yml'),
  stringify({
    group: 'g',
    input: { topic: 't', schema: 'event.avsc' },
    features: ['a'],
    detector: { type: 'robust-z', model: 'm' },
  }),
);
const config = loadConfig(join(folder, 'outrider.yml'), {});

/** Of each partition five events, a second apart; one of them is cut short. */
function batchOf(partition: number, first: number): SourceBatch {
  const records = Array.from({ length: 5 }, (_, i) => ({
    offset: String(first + i),
    timestamp: String(1_700_000_000_000 + (first + i) * 1000),
    key: null,
    value: i === 2 ? Buffer.alloc(3) : type.toBuffer({ a: partition * 1000 + first + i }),
  }));
  return {
    topic: 't',
    partition,
    records,
    headersOf: () => [],
    fetchedOffset: first,
    nextOffset: first + 5,
    highWatermark: 100,
  };
}

async function collected(batches: readonly SourceBatch[]): Promise<Omit<TrainingData, 'sampled'>> {
  const reading = prepareReading(config, 'training');
  const collector = new TrainingCollector(reading, fileDecoder(config, reading), 'topic t', 'timestamp');
  for (const batch of batches) await collector.add(batch, new AbortController().signal);
  return collector.finish();
}

test('rows stand by partition and offset, whichever partition came first; so does the first that cannot be used', async () => {
  const [a, b, c, d] = [batchOf(0, 10), batchOf(0, 15), batchOf(1, 0), batchOf(1, 5)] as const;
  const inOrder = await collected([a, b, c, d]);
  assert.deepEqual(
    [...inOrder.values],
    [10, 11, 13, 14, 15, 16, 18, 19, 1000, 1001, 1003, 1004, 1005, 1006, 1008, 1009],
  );
  assert.deepEqual([inOrder.rejected, inOrder.firstRejected?.row], [4, 12]);
  assert.deepEqual(await collected([c, a, d, b]), inOrder);
});
