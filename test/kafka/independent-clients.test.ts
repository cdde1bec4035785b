/** Done when, 3: Kafka's own console consumer and Java's Avro agree with what Outrider wrote. Needs a JDK and Maven. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { findRuntime } from '../../src/local-broker/runtime.js';
import { packageRoot } from '../../src/package-root.js';
import type { Anomaly } from '../../src/publish/anomaly-record.js';
import { javaAvro } from '../support/java-avro.js';
import { Outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';

const run = promisify(execFile);
const cache = cacheFolder(process.env);

let scenario: Scenario;
let config: Awaited<ReturnType<Scenario['configure']>>;
let anomalies: readonly Anomaly[];
let deadLetters: number;

before(async () => {
  scenario = await Scenario.create(3);
  await scenario.train();
  await scenario.produce(0, 6000);
  config = await scenario.configure('golden', { commit: { intervalMs: 10, maxRecords: 300 } });
  const { code, stderr } = await new Outrider([
    'run',
    '--config',
    config.file,
    '--workers',
    '3',
    '--stop-at-end',
  ]).finished;
  assert.equal(code, 0, stderr);
  const output = await scenario.read(config);
  anomalies = output.anomalies;
  deadLetters = output.deadLetters.length;
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

async function kafkaJars(): Promise<string> {
  const runtime = await findRuntime(cache, () => undefined);
  assert.equal(runtime.kind, 'java', "Kafka's console consumer needs Java 17 and Maven");
  return (runtime as { jars: string }).jars;
}

/** Values of a topic as Kafka's console consumer prints them: Java's, read_committed, in hex through a deserializer. */
async function consoleConsumer(topic: string, expected: number): Promise<string[]> {
  const args = [
    '-cp',
    join(await kafkaJars(), '*'),
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    '--bootstrap-server',
    scenario.brokers.join(','),
    '--topic',
    topic,
    '--from-beginning',
    '--timeout-ms',
    '4000',
    '--isolation-level',
    'read_committed',
    '--property',
    'print.headers=true',
    '--property',
    'print.value=false',
    '--property',
    'print.partition=true',
    '--property',
    'print.offset=true',
    '--max-messages',
    String(expected + 1),
  ];
  const { stdout } = await run('java', args, { maxBuffer: 64 * 2 ** 20 }).catch(
    (error: unknown) => error as { stdout: string },
  );
  return stdout.split('\n').filter((line) => line.startsWith('Partition:'));
}

test("Kafka's console consumer counts the same committed records, with the same ids", async () => {
  const lines = await consoleConsumer(config.anomalies, anomalies.length);
  assert.equal(lines.length, anomalies.length);
  const ids = lines.map((line) => /outrider-id:([0-9a-f]{32})/.exec(line)?.[1]).sort();
  assert.deepEqual(ids, anomalies.map(({ id }) => id).sort());
  const sources = lines.map((line) => /outrider-source:([^,\s]+)/.exec(line)?.[1]).sort();
  assert.deepEqual(
    sources,
    anomalies.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`).sort(),
  );
  assert.equal((await consoleConsumer(config.deadLetters, deadLetters)).length, deadLetters);
});

test("Java's Avro reads every anomaly, single-object header included, field by field", async () => {
  const jars = await javaAvro();
  const program = fileURLToPath(new URL('../../../test/kafka/ReadAnomalies.java', import.meta.url));
  const schema = join(packageRoot(), 'schemas', 'anomaly.avsc');
  const java = spawn('java', ['-cp', join(jars, '*'), program, schema], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output: Buffer[] = [];
  java.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const expected: Anomaly[] = [];
  for await (const batch of scenario.all(config.anomalies)) {
    for (const { value } of batch.records) java.stdin.write(`${(value as Buffer).toString('base64')}\n`);
  }
  java.stdin.end();
  const code = await new Promise((resolve) => java.once('close', resolve));
  assert.equal(code, 0);
  const read = Buffer.concat(output)
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(read.length, anomalies.length);
  const byId = new Map(anomalies.map((anomaly) => [anomaly.id, anomaly]));
  for (const theirs of read) {
    const ours = byId.get(theirs.id as string) as Anomaly;
    expected.push(ours);
    const { event, ...rest } = ours;
    assert.deepEqual(theirs, {
      ...rest,
      event: event.toString('base64'),
      features: ours.features.map((feature) => ({ ...feature })),
    });
  }
  assert.equal(new Set(expected).size, anomalies.length);
});
