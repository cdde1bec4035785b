/** Confluent's framing, from a real registry to real topics: new schemas, missing ones, and a registry that goes away. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import avro, { type Schema } from 'avsc';
import { LOOKUPS_CONCURRENT_MAX, UNKNOWN_IDS_PER_SECOND_MAX } from '../../src/decode/schema-registry.js';
import { seededRandom } from '../../src/detect/random.js';
import { freePort } from '../../src/local-broker/launch-plan.js';
import { Outrider, outrider } from '../support/outrider.js';
import { RegistryProxy, register, testRegistry } from '../support/registry-proxy.js';
import { EVENT_SCHEMA, Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;
/** Far from anything trained on. */
const EVENT = { at: 1_700_000_000_000, entity: 'e', a: 50, b: 50, c: 50 };

let scenario: Scenario;
let proxy: RegistryProxy;
/** The id of the first version of the input's schema. */
let first: number;

before(async () => {
  scenario = await Scenario.create(1);
  await scenario.train();
  proxy = await RegistryProxy.start();
  first = await register(`${scenario.name}-value`, EVENT_SCHEMA);
});
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await scenario[Symbol.asyncDispose]();
});
beforeEach(() => {
  proxy.intrude = () => null;
  proxy.asked.length = 0;
});

function framed(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, body]);
}

/** An event of the first version. */
function event(id: number, schemaId = first): { partition: number; value: Buffer } {
  return {
    partition: 0,
    value: framed(schemaId, scenario.type.toBuffer({ id, ...EVENT })),
  };
}

function configure(run: string, registry: object, more: object = {}, topic = scenario.name) {
  const input = {
    topic,
    schema: 'event.avsc',
    encoding: 'confluent',
    registry: { url: proxy.url, register: true, ...registry },
    startAt: 'earliest',
    entity: 'entity',
    time: 'at',
  };
  return scenario.configure(run, { input, http: { port: 0 }, ...more });
}

async function readyUrl(worker: Outrider): Promise<string> {
  const find = (): string | null => /"url":"([^"]+)"/.exec(worker.stderr)?.[1] ?? null;
  return `${await until('it serves', LIMIT_MS, find)}/readyz`;
}

/** Text of a header of every dead letter. */
function headersOf(
  { deadLetters }: Awaited<ReturnType<Scenario['read']>>,
  name: string,
): (string | undefined)[] {
  return deadLetters.map(({ headers }) => headers.find(([each]) => each === name)?.[1]?.toString());
}

test('new versions are read while it runs, unknown ids are dead letters, and an absent registry is waited for', async () => {
  const run = await configure('versions', {});
  await using worker = new Outrider(['worker', '--config', run.file]);
  const ready = await readyUrl(worker);
  await scenario.write([event(1), event(2, first + 1_000_000), event(3)]);
  const isDone = (): Promise<boolean> => scenario.isCommitted(run.group);
  await until('the first version is read', LIMIT_MS, isDone);

  // Another field in front, a promotion, and a type that stands under another subject.
  await register(`${scenario.name}-site`, {
    type: 'record',
    name: 'Site',
    namespace: 'test',
    fields: [{ name: 'street', type: 'string' }],
  });
  const second = {
    ...EVENT_SCHEMA,
    fields: [
      { name: 'site', type: 'test.Site' },
      ...EVENT_SCHEMA.fields.map((field) => (field.name === 'a' ? { name: 'a', type: 'int' } : field)),
    ],
  };
  const reference = { name: 'test.Site', subject: `${scenario.name}-site`, version: 1 };
  const secondId = await register(`${scenario.name}-value`, second, { references: [reference] });
  const inline = JSON.parse(JSON.stringify(second)) as { fields: { type: unknown }[] };
  (inline.fields[0] as { type: unknown }).type = {
    type: 'record',
    name: 'Site',
    fields: [{ name: 'street', type: 'string' }],
  };
  const body = avro.Type.forSchema(inline as unknown as Schema).toBuffer({
    ...{ id: 4, ...EVENT },
    site: { street: 'Aurakatu' },
  });
  await scenario.write([{ partition: 0, value: framed(secondId, body) }, event(5)]);
  await until('the second version is read', LIMIT_MS, isDone);

  proxy.intrude = () => 'cut';
  await scenario.write([event(6), event(7)]);
  await until('known ids go on without the registry', LIMIT_MS, isDone);
  assert.equal((await fetch(ready)).status, 200);
  const third = await register(`${scenario.name}-value`, { ...EVENT_SCHEMA, doc: 'third' });
  await scenario.write([event(8, third), event(9)]);
  await until('it says what it waits for', LIMIT_MS, async () => {
    const answer = await fetch(ready);
    return answer.status === 503 && (await answer.text()).includes(`schemas/ids/${third}`);
  });
  proxy.intrude = () => ({ status: 401 });
  await until('it says that the registry is locked', LIMIT_MS, async () =>
    (await (await fetch(ready)).text()).includes('set input.registry.username and input.registry.password'),
  );
  proxy.intrude = () => null;
  await until('it goes on by itself', LIMIT_MS, isDone);
  await until('it is ready again', LIMIT_MS, async () => (await fetch(ready)).status === 200);
  worker.kill('SIGTERM');
  assert.equal((await worker.finished).code, 0, worker.stderr);

  const output = await scenario.read(run);
  assert.deepEqual(
    output.anomalies.map(({ offset }) => offset),
    [0, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.deepEqual(headersOf(output, '__dlq.errors.reason'), ['unknown-schema']);
  assert.match(
    headersOf(output, '__dlq.errors.message')[0] ?? '',
    /schema id \d+: the registry does not have it/,
  );
  for (const id of [first, secondId]) assert.equal(proxy.count(`GET /schemas/ids/${id}`), 1, 'asked once');
  const own = await fetch(`${testRegistry()}/subjects/${run.anomalies}-value/versions/1`);
  const { id: ownId } = (await own.json()) as { id: number };
  for await (const batch of scenario.all(run.anomalies))
    for (const { value } of batch.records)
      assert.equal(value?.readUInt32BE(1), ownId, 'anomalies name the schema that was registered');
});

test('a fifth of ids from nowhere does not stop a partition, nor keep the registry busy', async () => {
  const topic = await scenario.topic(`${scenario.name}-flood`);
  const random = seededRandom(3);
  const total = 20_000;
  const records = Array.from({ length: total }, (_, i) =>
    event(i, i % 5 === 4 ? 10_000_000 + Math.floor(random() * 2 ** 32 * 0.9) : first),
  );
  await scenario.write(records, topic);
  const detector = { type: 'threshold', rules: [{ feature: 'a', above: 1000 }] };
  const { file } = await configure('flood', {}, { detector }, topic);
  const started = performance.now();
  const { code, stdout, stderr } = await outrider(['worker', '--config', file, '--stop-at-end', '--json']);
  const seconds = (performance.now() - started) / 1000;
  assert.equal(code, 0, stderr);
  const { deadLetters } = JSON.parse(stdout) as { deadLetters: number };
  assert.equal(deadLetters, total / 5);
  const lookups = proxy.asked.filter((what) => what.includes('/schemas/ids/')).length;
  const most = Math.ceil(seconds + 1) * (UNKNOWN_IDS_PER_SECOND_MAX + LOOKUPS_CONCURRENT_MAX);
  assert.ok(lookups >= UNKNOWN_IDS_PER_SECOND_MAX && lookups <= most, `${lookups} lookups in ${seconds} s`);
});

test(
  'at the start it is an error: away, locked, without the schema that it would write, or a secret in its address',
  { timeout: 2 * LIMIT_MS },
  async () => {
    const start = async (command: string, run: { file: string }) => outrider([command, '--config', run.file]);
    const away = await configure('away', { url: `http://127.0.0.1:${await freePort()}` });
    proxy.intrude = () => ({ status: 401, body: '{"error_code":401,"message":"Unauthorized"}' });
    const locked = await configure('locked', {});
    const absent = await configure('absent', { url: testRegistry(), register: false });
    const secret = await configure('secret', { url: 'http://me:h1dden@127.0.0.1:1' });
    for (const command of ['run', 'worker']) {
      const unreachable = await start(command, away);
      assert.equal(unreachable.code, 3, unreachable.stderr);
      assert.match(unreachable.stderr, /registry http:\/\/127\.0\.0\.1:\d+: POST .*ECONNREFUSED/);
      const lockedOut = await start(command, locked);
      assert.equal(lockedOut.code, 3, lockedOut.stderr);
      assert.match(
        lockedOut.stderr,
        /Unauthorized .*set input\.registry\.username and input\.registry\.password/,
      );
    }
    const untrained = await outrider(['train', '--from-topic', '--config', away.file]);
    assert.equal(untrained.code, 3, untrained.stderr);
    assert.match(untrained.stderr, /registry http:\/\/127\.0\.0\.1:\d+: GET \/subjects: .*ECONNREFUSED/);
    const missing = await start('run', absent);
    assert.equal(missing.code, 3, missing.stderr);
    assert.match(missing.stderr, /subject \S+-value does not hold .* set input\.registry\.register: true/);
    const refused = await start('run', secret);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /input\.registry: the address has a user name or password in it/);
    assert.doesNotMatch(refused.stderr, /h1dden/);
  },
);

test('check says whether the registry answers, holds what is written, and holds what can be read', async () => {
  interface Line {
    readonly level: string;
    readonly what: string;
    readonly message: string;
  }
  const check = async (run: { file: string }): Promise<{ code: number | null; lines: Line[] }> => {
    const { code, stdout } = await outrider(['check', '--config', run.file, '--json']);
    const all = JSON.parse(stdout) as Line[];
    return { code, lines: all.filter(({ what }) => what === 'registry' || what === 'writer schemas') };
  };
  const subject = `${scenario.name}-check-value`;
  const topic = await scenario.topic(`${scenario.name}-check`);
  const config = await configure('check', {}, {}, topic);
  const without = (name: string) => ({
    ...EVENT_SCHEMA,
    fields: EVENT_SCHEMA.fields.filter((field) => field.name !== name),
  });
  const own = `${config.anomalies}-value`;

  const fresh = await check(config);
  assert.equal(fresh.code, 0, JSON.stringify(fresh));
  assert.deepEqual(fresh.lines, [
    { level: 'ok', what: 'registry', message: `${proxy.url} answers` },
    {
      level: 'ok',
      what: 'registry',
      message: `${own} does not hold Outrider's schema yet; the first start registers it`,
    },
    {
      level: 'warning',
      what: 'writer schemas',
      message: `the registry has no subject ${subject}: whether its events can be read is not known`,
    },
  ]);
  assert.equal(
    (await fetch(`${testRegistry()}/subjects/${own}/versions`)).status,
    404,
    'check registers nothing',
  );

  const ownId = await register(own, readFileSync('schemas/anomaly.avsc', 'utf8'));
  await register(subject, without('b'));
  await register(subject, {
    ...EVENT_SCHEMA,
    fields: EVENT_SCHEMA.fields.map((field) =>
      field.name === 'a' ? { name: 'a', type: ['string', 'double'] } : field,
    ),
  });
  await register(subject, { ...EVENT_SCHEMA, doc: 'readable' });
  const older = await check(config);
  assert.equal(older.code, 0, JSON.stringify(older));
  assert.deepEqual(older.lines.slice(1), [
    { level: 'ok', what: 'registry', message: `${own} holds Outrider's schema, id ${ownId}` },
    {
      level: 'warning',
      what: 'writer schemas',
      message: `${subject}, version 2: some of its events cannot be read: a: written as string, which the reader schema's double cannot take`,
    },
    {
      level: 'warning',
      what: 'writer schemas',
      message: `${subject}, version 1: its events cannot be read: b: the writer has no such field and the reader schema no default for it`,
    },
  ]);

  await register(subject, {
    ...without('at'),
    fields: [...without('at').fields, { name: 'at', type: 'string' }],
  });
  const latest = await check(config);
  assert.equal(latest.code, 1);
  assert.deepEqual(latest.lines[2], {
    level: 'fault',
    what: 'writer schemas',
    message: `${subject}, version 4 (the latest): its events cannot be read: at: written as string, which the reader schema's long cannot take`,
  });

  proxy.intrude = () => ({ status: 503, body: '{"error_code":50301,"message":"starting"}' });
  const down = await check(config);
  assert.equal(down.code, 1);
  assert.match(down.lines[0]?.message ?? '', /GET \/subjects: status 503: starting \(error code 50301\)$/);
});

test('a registry with a certificate of a private authority is taken with NODE_EXTRA_CA_CERTS', async () => {
  const run = promisify(execFile);
  const store = join(scenario.folder, 'registry.p12');
  const passphrase = 'registry';
  const keytool = (...args: string[]) =>
    run('keytool', [...args, '-keystore', store, '-storetype', 'PKCS12', '-storepass', passphrase]);
  await keytool(
    ...['-genkeypair', '-alias', 'registry', '-keyalg', 'EC', '-dname', 'CN=registry', '-validity', '2'],
    ...['-ext', 'SAN=IP:127.0.0.1', '-ext', 'BC=ca:true'],
  );
  const authority = join(scenario.folder, 'registry.crt');
  await keytool('-exportcert', '-rfc', '-alias', 'registry', '-file', authority);
  await using secure = await RegistryProxy.start({ pfx: readFileSync(store), passphrase });
  const config = await configure('tls', { url: secure.url });
  const registryLine = async (
    environment: NodeJS.ProcessEnv,
  ): Promise<{ level: string; message: string }> => {
    const { stdout } = await outrider(['check', '--config', config.file, '--json'], { environment });
    const lines = JSON.parse(stdout) as { level: string; what: string; message: string }[];
    return lines.find(({ what }) => what === 'registry') ?? { level: 'none', message: stdout };
  };
  const unknown = await registryLine({});
  assert.equal(unknown.level, 'fault');
  assert.match(unknown.message, /certificate/);
  const trusted = await registryLine({ NODE_EXTRA_CA_CERTS: authority });
  assert.deepEqual(trusted, { level: 'ok', what: 'registry', message: `${secure.url} answers` });
});
