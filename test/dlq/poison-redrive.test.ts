/** The whole way: a partition full of poison, a cause that is mended, and what can be read comes back exactly once. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import avro, { type Schema } from 'avsc';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { dlq, runToEnd } from '../support/dead-letters.js';
import { Outrider } from '../support/outrider.js';
import {
  POISON_CONFIG,
  POISON_EVENT_BYTES_MAX,
  POISON_SCHEMA,
  goodEvent,
  poisonOf,
} from '../support/poison.js';
import { type Output, Scenario, type TestRecord } from '../support/scenario.js';
import { until } from '../support/until.js';

const LATER_EVENTS = 20_000;
const LATER = {
  ...POISON_SCHEMA,
  fields: [...POISON_SCHEMA.fields, { name: 'firmware', type: 'string' }],
} as const;

/** Of a schema that the fleet does not have yet. */
function laterEvent(): Buffer {
  const header = singleObjectHeader(avro.Type.forSchema(LATER as unknown as Schema));
  return Buffer.concat([header, goodEvent('raw'), Buffer.from([6]), Buffer.from('2.0')]);
}

const header = (headers: Output['deadLetters'][number]['headers'], name: string): string =>
  headers.findLast(([each]) => each === `__dlq.errors.${name}`)?.[1]?.toString() ?? '';

/** What does not depend on when and how often something was tried. */
const verdicts = ({ anomalies }: Output): string[] =>
  anomalies.map(({ detectedAt: _when, ...anomaly }) => JSON.stringify(anomaly)).sort();
const letters = (found: Output['deadLetters']): string[] =>
  found
    .map(({ key, value, headers }) =>
      JSON.stringify([
        key?.toString('hex'),
        value?.toString('hex'),
        ...['topic', 'partition', 'offset', 'timestamp', 'reason', 'message'].map((name) =>
          header(headers, name),
        ),
        ...headers
          .filter(([name]) => !name.startsWith('__dlq.'))
          .map(([name, bytes]) => `${name}=${bytes?.toString('hex') ?? ''}`)
          .sort(),
      ]),
    )
    .sort();

test('poison of every kind waits as dead letters; what can be read once its cause is mended comes back exactly once, whoever is killed', async () => {
  await using scenario = await Scenario.create(1);
  const good: TestRecord = { partition: 0, key: 'good', value: goodEvent('single-object') };
  const poison = poisonOf('single-object').flatMap((each) => [good, { partition: 0, ...each }]);
  const later: TestRecord = {
    partition: 0,
    key: 'later',
    value: laterEvent(),
    headers: [['n', Buffer.from('1')]],
  };
  await scenario.write([...poison, ...Array.from({ length: LATER_EVENTS }, () => later), ...poison, good]);

  writeFileSync(join(scenario.folder, 'poison.avsc'), JSON.stringify(POISON_SCHEMA));
  const input = {
    topic: scenario.name,
    schema: 'poison.avsc',
    startAt: 'earliest',
    entity: 'entity',
    time: 'at',
    maxEventBytes: POISON_EVENT_BYTES_MAX,
  };
  const live = await scenario.configure('live', { ...POISON_CONFIG, input });
  await runToEnd(live.file);
  const before = await scenario.read(live);
  assert.ok(before.deadLetters.length > LATER_EVENTS);

  // The schema is there, larger events are taken, and a missing value has something to stand for it.
  writeFileSync(join(scenario.folder, 'later.avsc'), JSON.stringify(LATER));
  const features = POISON_CONFIG.features.map((feature) =>
    feature === 'c' ? { name: 'c', field: 'c', missing: 0 } : feature,
  );
  const mended = {
    ...POISON_CONFIG,
    features,
    input: { ...input, maxEventBytes: 1_000_000 },
  };
  const redriven = await scenario.configure('mended', {
    ...mended,
    group: live.group,
    output: { anomalies: live.anomalies, deadLetters: live.deadLetters },
  });
  const ends = async (): Promise<number> => [...(await scenario.admin.ends(live.anomalies)).values()][0] ?? 0;
  const start = await ends();
  {
    await using process = new Outrider(['dlq', 'redrive', '--config', redriven.file]);
    await until('the redrive has committed something', 60_000, async () => (await ends()) > start);
    process.kill('SIGKILL');
  }
  const rest = await dlq('redrive', redriven.file);
  assert.ok(rest.taken > 0 && rest.passedOver.done > 0, 'it was killed in the middle');

  const known = await scenario.configure('known', mended);
  await runToEnd(known.file);
  const [found, expected] = [await scenario.read(live), await scenario.read(known)];
  const source = (output: Output): string[] =>
    output.anomalies.map(({ partition, offset }) => `${partition}/${offset}`);
  assert.deepEqual(source(found).sort(), source(expected).sort());
  assert.equal(new Set(found.anomalies.map(({ id }) => id)).size, found.anomalies.length);
  // Under the old features some were scored before: those have the old vector.
  const old = new Set(source(before));
  const brought = (output: Output): Output => ({
    ...output,
    anomalies: output.anomalies.filter(({ partition, offset }) => !old.has(`${partition}/${offset}`)),
  });
  assert.deepEqual(verdicts(brought(found)), verdicts(brought(expected)));
  const again = found.deadLetters.filter(({ headers }) => Number(header(headers, 'attempts')) > 1);
  const last = new Map(again.map((letter) => [header(letter.headers, 'offset'), letter]));
  assert.deepEqual(letters([...last.values()]), letters([...expected.deadLetters]));
  await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
});
