/** The id of a schema of Outrider's own, from a real registry that may hold it in other words. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { RegistryClient } from '../../src/decode/registry-client.js';
import { MissingRemoteError, UnreachableError } from '../../src/errors.js';
import { anomalySchemaText } from '../../src/publish/anomaly-record.js';
import { Secret } from '../../src/secret.js';
import { RegistryProxy, register, testRegistry } from '../support/registry-proxy.js';

const { signal } = new AbortController();
const OURS = anomalySchemaText();
/** The same bytes on the wire: nothing of this is in Avro's canonical form. */
const SPELLINGS: readonly (readonly [string, (schema: object) => string])[] = [
  ['in the same words', () => OURS],
  ['with other spaces', (schema) => JSON.stringify(schema, null, 7)],
  [
    'with attributes in another order',
    (schema) => JSON.stringify(Object.fromEntries(Object.entries(schema).reverse())),
  ],
  [
    'without its documentation',
    (schema) => JSON.stringify(schema, (key, value: unknown) => (key === 'doc' ? undefined : value)),
  ],
  ['with an attribute of somebody else', (schema) => JSON.stringify({ ...schema, 'connect.version': 1 })],
];

let proxy: RegistryProxy;
let count = 0;

before(async () => {
  proxy = await RegistryProxy.start();
});
after(async () => proxy[Symbol.asyncDispose]());
beforeEach(() => {
  proxy.intrude = () => null;
  proxy.asked.length = 0;
});

function client(
  shouldRegister: boolean,
  more: { username?: string; password?: Secret } = {},
): RegistryClient {
  return new RegistryClient({ url: proxy.url, register: shouldRegister, ...more });
}

function subject(): string {
  return `client-${process.pid}-${++count}-value`;
}

for (const [how, spell] of SPELLINGS)
  test(`it is found where it stands ${how}`, async () => {
    const at = subject();
    const id = await register(at, spell(JSON.parse(OURS) as object));
    assert.equal(await client(false).idOf(at, OURS, signal), id);
    assert.equal(await client(true).idOf(at, OURS, signal), id, 'and not registered again');
    assert.deepEqual(await client(false).versions(at, signal), [1]);
  });

test('a registry that compares texts only is asked for what it holds', async () => {
  const at = subject();
  const id = await register(at, JSON.stringify(JSON.parse(OURS), null, 3));
  await register(at, { type: 'record', name: 'Other', fields: [] });
  proxy.intrude = (what) =>
    what.startsWith('POST ')
      ? { status: 404, body: '{"error_code":40403,"message":"Schema not found"}' }
      : null;
  // Confluent's answer to a version has its id beside the schema; so has this one.
  assert.equal(await client(false).lookUp(at, OURS, signal), id);
});

test('where it is not, it is registered when that is wanted, and otherwise missing', async () => {
  const at = subject();
  await assert.rejects(client(false).idOf(at, OURS, signal), (error) => {
    assert.ok(error instanceof MissingRemoteError && error.exitCode === 3);
    assert.match(
      error.message,
      new RegExp(`subject ${at} does not hold .* set input\\.registry\\.register: true`),
    );
    return true;
  });
  assert.deepEqual(await client(false).versions(at, signal), [], 'nothing was registered');
  const id = await client(true).idOf(at, OURS, signal);
  assert.equal(await client(false).idOf(at, OURS, signal), id);
});

test('a subject that holds something else and takes only what is compatible refuses it, with its reason', async () => {
  const at = subject();
  await register(at, { type: 'record', name: 'Anomaly', namespace: 'outrider', fields: [] });
  assert.ok(await client(true).wouldTake(at, OURS, signal), 'without a rule it would take it');
  await fetch(`${testRegistry()}/config/${at}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
  });
  assert.equal(await client(true).wouldTake(at, OURS, signal), false);
  await assert.rejects(client(true).idOf(at, OURS, signal), (error) => {
    assert.ok(error instanceof MissingRemoteError && !error.mayPass);
    assert.match(error.message, /status 409: .*error code 409/);
    return true;
  });
});

test('a registry that is locked names the keys to set; one that is away is unreachable', async () => {
  proxy.intrude = (_what, { headers }) =>
    headers.authorization === `Basic ${Buffer.from('writer:pässword').toString('base64')}`
      ? null
      : { status: 401 };
  await assert.rejects(client(true).ping(signal), (error) => {
    assert.ok(error instanceof MissingRemoteError && error.mayPass && error.exitCode === 3);
    assert.match(error.message, /set input\.registry\.username and input\.registry\.password/);
    return true;
  });
  await client(true, { username: 'writer', password: Secret.of('pässword') }).ping(signal);
  proxy.intrude = () => 'cut';
  await assert.rejects(client(true).ping(signal), UnreachableError);
});
