/** What is slow slows the fetching, not the memory, and nobody loses the membership over it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/detect/random.js';
import type { Memory } from '../support/slow-worker.js';
import { Outrider } from '../support/outrider.js';
import { Scenario, type TestRecord } from '../support/scenario.js';
import { until } from '../support/until.js';

const SLOW_WORKER = fileURLToPath(new URL('../support/slow-worker.js', import.meta.url));
const LIMIT_MS = 90_000;
const EVENT_BYTES = 20_000;
const MIB = 1_048_576;

/** Events of about 20 kB each, dealt out to the partitions. */
async function produceBig(scenario: Scenario, events: number): Promise<void> {
  const random = seededRandom(3);
  const chunk = 200;
  for (let from = 0; from < events; from += chunk) {
    const records: TestRecord[] = [];
    for (let id = from; id < Math.min(events, from + chunk); id++) {
      const entity = `e${id}`.padEnd(EVENT_BYTES, '.');
      records.push({
        partition: id % scenario.partitions,
        key: null,
        value: scenario.encode({ ...scenario.event(id, random), entity }),
      });
    }
    await scenario.write(records);
  }
}

test('a detector slower than the session and a slow commit hold the bytes in flight and the membership', async () => {
  const events = 3000;
  await using scenario = await Scenario.create(1);
  await scenario.train();
  await produceBig(scenario, events);
  const run = await scenario.configure('slow', {
    detector: { type: 'isolation-forest', model: 'model', seed: 3, trees: 25, threshold: 0 },
    kafka: { brokers: scenario.brokers, sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 },
  });
  await using worker = new Outrider([run.file, scenario.folder, '8000', '400'], { program: SLOW_WORKER });
  await until('everything is committed', LIMIT_MS, () => scenario.isCommitted(run.group));
  worker.kill('SIGTERM');
  const { code, stderr } = await worker.finished;
  assert.equal(code, 0, stderr);
  assert.equal(stderr.split('joined the group').length - 1, 1, stderr);
  assert.doesNotMatch(stderr, /a commit failed/);
  const { baseBytes, peakBytes } = JSON.parse(
    readFileSync(join(scenario.folder, 'memory.json'), 'utf8'),
  ) as Memory;
  // docs/ARCHITECTURE.md, "Bytes in flight", for one partition and one broker.
  const fetched = 3 * 0.5 * MIB;
  const pending = 2 * (8 * MIB + 1.5 * MIB);
  const written = 3 * MIB;
  const garbage = 8 * MIB;
  const inFlight = peakBytes - baseBytes;
  const says = `${(inFlight / MIB).toFixed(1)} MiB in flight`;
  assert.ok(inFlight < fetched + pending + written + garbage, says);
  assert.ok(inFlight > 4 * MIB, `${says}: the commits were not slow enough to say anything`);
  const ids = (await scenario.read(run)).anomalies.map(({ offset }) => offset);
  assert.equal(ids.length, events);
  assert.equal(new Set(ids).size, events);
});
