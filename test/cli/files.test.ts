/** The commands around the fleet: init, train, score, evaluate, produce, tail, on a topic of one's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse, stringify } from 'yaml';
import { readFileSync } from 'node:fs';
import { seededRandom } from '../../src/detect/random.js';
import { shuttleFile } from '../../src/demo/dataset.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { outrider } from '../support/outrider.js';
import { log, testBrokers } from '../support/scenario.js';

const cwd = mkdtempSync(join(tmpdir(), 'outrider-init-'));
const topic = `payments-${Date.now()}`;
const environment = { KAFKA_BROKERS: testBrokers().join(',') };
after(async () => {
  await using admin = new KafkaAdmin(localKafka(testBrokers()), log);
  await admin.deleteTopics([topic, `${topic}.anomalies`, `${topic}.dlt`]);
  rmSync(cwd, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await outrider(args, { cwd, environment });
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('from an empty folder to anomalies: init, train, check, produce, run, tail', async () => {
  assert.match(await run('init'), /wrote outrider\.yml\nwrote schemas\/event\.avsc/);
  assert.equal((await outrider(['init'], { cwd })).code, 2, 'it overwrites nothing');
  const config = parse(readFileSync(join(cwd, 'outrider.yml'), 'utf8')) as {
    input: { topic: string };
    output: object;
    http: unknown;
  };
  config.input.topic = topic;
  config.output = {};
  config.http = false;
  writeFileSync(join(cwd, 'outrider.yml'), stringify(config));
  const random = seededRandom(4);
  const payments = Array.from({ length: 3000 }, (_, i) => ({
    account: `a${i % 20}`,
    at: new Date(1_700_000_000_000 + i * 60_000).toISOString(),
    amount: random() * (i % 300 === 299 ? 5000 : 20),
    balance: 100 + random() * 50,
    items: random() < 0.5 ? null : Math.floor(random() * 5),
  }));
  writeFileSync(
    join(cwd, 'payments.jsonl.gz'),
    gzipSync(payments.map((payment) => JSON.stringify(payment)).join('\n')),
  );
  const trained = JSON.parse(await run('train', '--data', 'payments.jsonl.gz', '--json')) as {
    rows: number;
    version: string;
  };
  assert.equal(trained.rows, 3000);
  assert.equal(
    (
      JSON.parse(
        await run('train', '--data', 'payments.jsonl.gz', '--json', '--out', 'again', '--name', 'payments'),
      ) as { version: string }
    ).version,
    trained.version,
  );
  assert.match(await run('check', '--create-topics'), /✓ transactions/);
  assert.match(await run('produce', 'payments.jsonl.gz', '--key', 'account'), /3,000 records written/);
  const result = JSON.parse(await run('run', '--stop-at-end', '--json', '--log-level', 'warn')) as {
    events: number;
    anomalies: number;
  };
  assert.equal(result.events, 3000);
  const tailed = lines(await run('tail', '--from-beginning', '--stop-at-end', '--json'));
  assert.equal(tailed.length, result.anomalies);
  assert.deepEqual(Object.keys(tailed[0] ?? {}), [
    'id',
    'topic',
    'partition',
    'offset',
    'entity',
    'eventTime',
    'detectedAt',
    'score',
    'threshold',
    'detector',
    'model',
    'modelVersion',
    'features',
    'event',
    'runId',
    'retracted',
  ]);
  assert.match(String(tailed[0]?.eventTime), /^2023-11-1\dT/);
  // The same rows without Kafka have the same scores.
  const scored = lines(await run('score', 'payments.jsonl.gz'));
  const flagged = scored.filter(({ isAnomaly }) => isAnomaly).map(({ score }) => score);
  assert.deepEqual(flagged.sort(), tailed.map(({ score }) => score).sort());
  assert.deepEqual(
    scored.map(({ row }) => row),
    payments.map((_, i) => i),
  );
  const one = String(tailed[0]?.entity);
  const ofOne = lines(
    await run('tail', '--from-beginning', '--stop-at-end', '--json', '--entity', one, '--min-score', '0'),
  );
  assert.ok(ofOne.length > 0 && ofOne.every(({ entity }) => entity === one));
  const again = JSON.parse(
    await run('train', '--from-topic', '--last', '1000', '--out', 'recent', '--json'),
  ) as { rows: number; rowsPerDay: number };
  assert.ok(again.rows >= 900 && again.rows <= 1100, `${again.rows}`);
  // One a minute over all partitions, by the time in the event and not by that of its arrival.
  assert.ok(Math.abs(again.rowsPerDay - 1440) < 100, `${again.rowsPerDay}`);
});

test('evaluate: the documented fields, one entry a run, reproducible by seed', async () => {
  const args = [
    'evaluate',
    '--data',
    shuttleFile(),
    '--label',
    'label',
    '--train-on',
    'normal',
    '--runs',
    '2',
    '--seed',
    '7',
    '--json',
  ];
  const results = JSON.parse(await run(...args)) as Record<string, unknown>[];
  assert.equal(results.length, 2);
  assert.deepEqual(Object.keys(results[0] ?? {}).sort(), [
    'auroc',
    'averagePrecision',
    'data',
    'detector',
    'f1',
    'features',
    'precision',
    'recall',
    'rows',
    'rowsPerSecond',
    'seed',
    'threshold',
    'trainOn',
    'trainingSeconds',
  ]);
  assert.deepEqual(
    results.map(({ seed, trainOn, features }) => [seed, trainOn, features]),
    [
      [7, 'normal', 9],
      [8, 'normal', 9],
    ],
  );
  assert.equal(results[0]?.rows, 49_097 - Math.floor((49_097 - 3511) / 2));
  assert.ok(results.every(({ auroc }) => Number(auroc) > 0.99));
  const again = JSON.parse(await run(...args)) as Record<string, unknown>[];
  assert.deepEqual(
    again.map(({ auroc }) => auroc),
    results.map(({ auroc }) => auroc),
  );
});

test('columns are mapped to fields by name, by --map and by numbered runs', async () => {
  writeFileSync(
    join(cwd, 'list.avsc'),
    JSON.stringify({
      type: 'record',
      name: 'L',
      fields: [
        { name: 'values', type: { type: 'array', items: 'double' } },
        { name: 'x', type: 'double' },
      ],
    }),
  );
  const input = { topic, schema: 'list.avsc' };
  const detector = {
    type: 'threshold',
    rules: [
      { feature: 'values[1]', above: 10 },
      { feature: 'x', equals: 5 },
    ],
  };
  writeFileSync(
    join(cwd, 'list.yml'),
    stringify({ group: 'g', input, features: ['values[0..1]', 'x'], detector }),
  );
  writeFileSync(join(cwd, 'list.csv'), 'f0,f1,odd\n1,2,3\n1,20,3\n1,2,5\n1,,5\n');
  const scored = lines(
    await run('score', 'list.csv', '--config', 'list.yml', '--map', 'f*=values[*]', '--map', 'odd=x'),
  );
  assert.deepEqual(
    scored.slice(0, 3).map(({ score, isAnomaly }) => [score, isAnomaly]),
    [
      [0, false],
      [1, true],
      [1, true],
    ],
  );
  assert.match(String(scored[3]?.error), /values\[1\] has no value/);
});

test('produce says what it wrote before a row that does not fit, and refuses keys and columns that are not there', async () => {
  writeFileSync(
    join(cwd, 'one.avsc'),
    JSON.stringify({ type: 'record', name: 'O', fields: [{ name: 'x', type: 'double' }] }),
  );
  writeFileSync(join(cwd, 'one.csv'), `x\n${'1\n'.repeat(6000)}hot\n`);
  const args = ['produce', 'one.csv', '--topic', topic, '--schema', 'one.avsc'];
  const refused = async (more: readonly string[], code: number, message: RegExp): Promise<void> => {
    const found = await outrider([...args, ...more], { cwd, environment });
    assert.equal(found.code, code);
    assert.match(found.stderr, message);
  };
  await refused(
    [],
    4,
    /one\.csv: row 6000 \(the first is 0\): x is 'hot', not a number; 5000 records are written already/,
  );
  await refused(['--key', 'y'], 2, /--key y: the event has no field 'y' in the schema; the nearest is 'x'/);
  await refused(['--map', 'a=x'], 2, /--map a=x: the data have no such column; they have x/);
  await refused(['--brokers', 'nowhere'], 2, /'nowhere' is not host:port/);
});
