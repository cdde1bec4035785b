/** Writer schemas from a real registry, through a proxy that spoils some answers. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Type } from 'avsc';
import {
  LOOKUPS_CONCURRENT_MAX,
  SchemaRegistry,
  UNKNOWN_IDS_PER_SECOND_MAX,
  UNKNOWN_ID_KEPT_MS,
} from '../../src/decode/schema-registry.js';
import { ANSWER_BYTES_MAX } from '../../src/decode/registry-http.js';
import { REFERENCES_MAX, REFERENCE_DEPTH_MAX } from '../../src/decode/schema-references.js';
import type { NoSchema } from '../../src/decode/schema-source.js';
import { seededRandom } from '../../src/detect/random.js';
import { Secret } from '../../src/secret.js';
import { type Intrusion, RegistryProxy, register } from '../support/registry-proxy.js';
import { until } from '../support/until.js';

const LIMIT_MS = 20_000;
const ID_MAX = 2_147_483_647;
const { signal } = new AbortController();

let proxy: RegistryProxy;
/** The id of a registered schema. */
let known: string;
let said: (string | null)[];
let nowMs: number;

before(async () => {
  proxy = await RegistryProxy.start();
  known = String(await register('schemas-known', { type: 'record', name: 'Known', fields: [] }));
});
after(async () => proxy[Symbol.asyncDispose]());
beforeEach(() => {
  proxy.intrude = () => null;
  proxy.asked.length = 0;
  proxy.openMax = 0;
  said = [];
  nowMs = 1000;
});

function source(options: { username?: string; password?: Secret } = {}, timeoutMs = 5000): SchemaRegistry {
  return new SchemaRegistry(
    { url: proxy.url, register: false, ...options },
    (reason) => said.push(reason),
    timeoutMs,
    () => nowMs,
  );
}

async function findOne(registry: SchemaRegistry, id: string, by = signal): Promise<Type | NoSchema> {
  return (await registry.find([id], by)).get(id) as Type | NoSchema;
}

function whyOf(answer: Type | NoSchema): string {
  assert.ok('why' in answer, 'there is a schema');
  return answer.why;
}

/** Answers the question for an id until it is undone. */
function spoil(id: string, intrusion: Intrusion): void {
  proxy.intrude = (what) => (what.endsWith(`/schemas/ids/${id}`) ? intrusion : null);
}

test('it waits for as long as any schema is waited for, and says for which', async () => {
  const ids = await Promise.all(
    ['a', 'b', 'c'].map((each) =>
      register(`schemas-wait-${each}`, { type: 'record', name: each, fields: [] }),
    ),
  );
  const [seven, eight, nine] = ids.map(String) as [string, string, string];
  let failing = new Set([seven, nine]);
  proxy.intrude = (what) => (failing.has(what.split('/').at(-1) ?? '') ? { status: 503, body: '{}' } : null);
  const registry = source();
  const waiting = registry.find([seven, nine], signal);
  const again = registry.find([seven], signal);
  const named = (id: string): string => `schemas/ids/${id}: status 503: not an answer of a schema registry`;
  await until('it waits for both', LIMIT_MS, () =>
    [seven, nine].every((id) => said.at(-1)?.includes(named(id))),
  );
  assert.ok(!('why' in (await findOne(registry, eight))));
  assert.ok(
    [seven, nine].every((id) => said.at(-1)?.includes(named(id))),
    'it still waits for both',
  );
  failing = new Set([nine]);
  await again;
  assert.ok(said.at(-1)?.includes(named(nine)) === true && !said.at(-1)?.includes(named(seven)));
  failing = new Set();
  await waiting;
  assert.equal(said.at(-1), null);
});

test('who gives up does not wait any more, and who waited for the same asks instead', async () => {
  spoil(known, 'cut');
  const registry = source();
  const lost = new AbortController();
  const first = findOne(registry, known, lost.signal);
  const second = findOne(registry, known);
  await until('it waits', LIMIT_MS, () => (said.at(-1) ?? null) !== null);
  const reason = new Error('the partition was lost');
  lost.abort(reason);
  await assert.rejects(first, reason);
  await until('the other one asks', LIMIT_MS, () => said.includes(null) && (said.at(-1) ?? null) !== null);
  proxy.intrude = () => null;
  assert.ok(!('why' in (await second)));
  assert.equal(said.at(-1), null);
});

test('a schema that several batches wait for is asked for once', async () => {
  const registry = source();
  const answers = await Promise.all([1, 2, 3, 4].map(() => findOne(registry, known)));
  assert.equal(new Set(answers).size, 1);
  assert.equal(proxy.count(`GET /schemas/ids/${known}`), 1);
});

test('an unknown id is said to be one for half a minute, then it is asked for again', async () => {
  const registry = source();
  const later = String(ID_MAX - 7);
  const why = whyOf(await findOne(registry, later));
  assert.match(why, /the registry does not have it: .*error code 40403/);
  // Now it is registered. (A registry counts: which id comes next is not ours to say.)
  spoil(later, { as: `/schemas/ids/${known}` });
  assert.equal(whyOf(await findOne(registry, later)), why);
  nowMs += UNKNOWN_ID_KEPT_MS - 1;
  assert.equal(whyOf(await findOne(registry, later)), why);
  assert.equal(proxy.count(`GET /schemas/ids/${later}`), 1);
  nowMs += 2;
  assert.ok(!('why' in (await findOne(registry, later))));
});

test('ids from nowhere: so many are asked for in a second, many at a time, and the others are not waited for', async () => {
  const random = seededRandom(7);
  const registry = source();
  const flood = Array.from({ length: 3000 }, () => String(Math.floor(random() * 2 ** 32)));
  const asked = (): number => proxy.asked.length;
  const answers = await registry.find([known, ...flood], signal);
  assert.ok(!('why' in (answers.get(known) as Type | NoSchema)), 'the schema that is there is found');
  assert.equal(answers.size, new Set([known, ...flood]).size, 'every id has an answer');
  const most = UNKNOWN_IDS_PER_SECOND_MAX + LOOKUPS_CONCURRENT_MAX;
  assert.ok(asked() >= UNKNOWN_IDS_PER_SECOND_MAX && asked() <= most + 1, `${asked()} were asked for`);
  assert.ok(proxy.openMax > 1 && proxy.openMax <= LOOKUPS_CONCURRENT_MAX, `${proxy.openMax} at a time`);
  assert.ok(proxy.asked.every((what) => Number(what.split('/').at(-1)) <= ID_MAX));
  const before = asked();
  const other = await findOne(registry, String(ID_MAX));
  assert.match(whyOf(other), /was not asked: more than 16 unknown ids within a second/);
  assert.equal(asked(), before, 'nothing more in this second');
  nowMs += 1000;
  assert.match(whyOf(await findOne(registry, String(ID_MAX))), /does not have it/);
  assert.match(whyOf(await findOne(registry, String(ID_MAX + 1))), /no registry gives an id this large/);
});

test('ids that are there are all asked for, however many', async () => {
  const ids = await Promise.all(
    Array.from({ length: 2 * UNKNOWN_IDS_PER_SECOND_MAX }, (_, i) =>
      register('schemas-many', { type: 'record', name: 'Many', fields: [], doc: `${i}` }),
    ),
  );
  const answers = await source().find(ids.map(String), signal);
  assert.ok([...answers.values()].every((answer) => !('why' in answer)));
});

/** A time-out that nobody holds on to must not be lost with it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const NONSENSE: readonly (readonly [string, Intrusion, RegExp])[] = [
  ['no connection', 'cut', /: (other side closed|read ECONNRESET|socket hang up)$/],
  ['slow', 'hang', /no answer within 300 ms$/],
  [
    'a page with 200',
    { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
    /status 200: not an answer/,
  ],
  ['half of an answer', { status: 200, body: '{"schema": "' }, /status 200: not an answer/],
  [
    'another shape',
    { status: 200, body: '{"schemas": []}' },
    /ids\/\d+: not an answer of a schema registry$/,
  ],
  [
    'references of another shape',
    { status: 200, body: '{"schema":"\\"long\\"","references":[{"name":1}]}' },
    /not an answer/,
  ],
  ['an endless page', { endless: 'text/html' }, /status 200: not an answer/],
  [
    'the page of a wrong path',
    { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' },
    /status 404: not an/,
  ],
  [
    'the error of a wrong path',
    { status: 404, body: '{"error_code":404,"message":"HTTP 404 Not Found"}' },
    /HTTP 404 Not Found \(error code 404\)$/,
  ],
  [
    'its own error',
    { status: 500, body: '{"error_code":50001,"message":"store\\n\\u001b[31m down"}' },
    /status 500: store \[31m down \(error code 50001\)$/,
  ],
  [
    'a redirect',
    { status: 302, headers: { location: 'https://login.invalid/?token=secret' } },
    /redirect \(302\) to https:\/\/login\.invalid, which is not followed: give input\.registry\.url/,
  ],
  [
    'a lock',
    { status: 401, body: '{"error_code":401,"message":"Unauthorized"}' },
    /status 401 \(Unauthorized \(error code 401\)\); it asks for a user: set input\.registry\.username and input\.registry\.password$/,
  ],
  ['a ban', { status: 403 }, /status 403; this user may not do that/],
];
for (const [name, intrusion, reason] of NONSENSE)
  test(`${name} is no answer: it waits, says why, and goes on by itself`, async () => {
    spoil(known, intrusion);
    const registry = source({}, intrusion === 'hang' ? 300 : LIMIT_MS);
    const answer = findOne(registry, known);
    const asked = `GET /schemas/ids/${known}`;
    await until('it has asked', LIMIT_MS, () => proxy.count(asked) > 0);
    collectGarbage();
    await until(`it says ${reason}`, LIMIT_MS, () => reason.test(said.at(-1) ?? ''));
    if (typeof intrusion === 'object' && 'endless' in intrusion)
      await until('the rest is not read', LIMIT_MS, () => proxy.left > 0);
    proxy.intrude = () => null;
    assert.ok(!('why' in (await answer)));
    assert.equal(said.at(-1), null);
  });

test('a wrong password is said to be one, without showing it', async () => {
  proxy.intrude = (_what, { headers }) =>
    headers.authorization === `Basic ${Buffer.from('reader:right').toString('base64')}`
      ? null
      : { status: 401, body: '{"error_code":40101,"message":"no such user"}' };
  assert.ok(!('why' in (await findOne(source({ username: 'reader', password: Secret.of('right') }), known))));
  const lost = new AbortController();
  const answer = findOne(source({ username: 'reader', password: Secret.of('wr0ng') }), known, lost.signal);
  const reason = await until('it says why', LIMIT_MS, () => said.at(-1) ?? null);
  assert.match(reason, /no such user .*it does not take this user: look at input\.registry\.username/);
  assert.doesNotMatch(reason, /wr0ng/);
  lost.abort();
  await assert.rejects(answer);
});

test('it is left alone for as long as it asks', async () => {
  let isFirst = true;
  let toldMs = Infinity;
  let askedAgainMs = 0;
  proxy.intrude = () => {
    if (!isFirst) askedAgainMs = performance.now();
    else toldMs = performance.now();
    const intrusion = isFirst
      ? { status: 429, headers: { 'retry-after': '1' }, body: '{"error_code":42901,"message":"slow down"}' }
      : null;
    isFirst = false;
    return intrusion;
  };
  await findOne(source(), known);
  assert.match(said[0] ?? '', /status 429: slow down/);
  assert.ok(askedAgainMs - toldMs >= 995, `after ${askedAgainMs - toldMs} ms`);
});

test('what is there and cannot be used costs its own events only', async () => {
  const protobuf = await register('schemas-protobuf', 'syntax = "proto3"; message A { int32 a = 1; }', {
    schemaType: 'PROTOBUF',
  });
  const registry = source();
  assert.match(whyOf(await findOne(registry, String(protobuf))), /^it is of type PROTOBUF, not AVRO$/);
  spoil(known, { status: 200, body: JSON.stringify({ schema: '{"type":"record"}' }) });
  assert.match(whyOf(await findOne(registry, known)), /^it is not an Avro schema that can be read: /);
  nowMs += UNKNOWN_ID_KEPT_MS + 1;
  const { left } = proxy;
  spoil(known, { endless: 'application/vnd.schemaregistry.v1+json' });
  assert.match(whyOf(await findOne(registry, known)), /answer is too large/);
  await until('the rest is not read', LIMIT_MS, () => proxy.left > left);
  nowMs += UNKNOWN_ID_KEPT_MS + 1;
  spoil(known, { status: 200, body: JSON.stringify({ schema: ' '.repeat(ANSWER_BYTES_MAX / 2) }) });
  assert.match(whyOf(await findOne(registry, known)), /more than \d+ bytes/);
  assert.deepEqual(said, [], 'nothing was waited for');
});

test('references are followed, each schema once, and parsed before who names them', async () => {
  const record = (name: string, fields: object[]): object => ({
    type: 'record',
    name,
    namespace: 'refs',
    fields,
  });
  const city = { name: 'refs.City', subject: 'refs-city', version: 1 };
  const address = { name: 'refs.Address', subject: 'refs-address', version: 1 };
  await register('refs-city', record('City', [{ name: 'name', type: 'string' }]));
  await register('refs-address', record('Address', [{ name: 'city', type: 'refs.City' }]), {
    references: [city],
  });
  const id = await register(
    'refs-person',
    record('Person', [
      { name: 'home', type: 'refs.Address' },
      { name: 'born', type: ['null', 'City'], default: null },
    ]),
    { references: [address, city] },
  );
  const type = await findOne(source(), String(id));
  assert.ok(!('why' in type));
  const person = { home: { city: { name: 'Turku' } }, born: { 'refs.City': { name: 'Oulu' } } };
  assert.deepEqual(JSON.parse(JSON.stringify(type.fromBuffer(type.toBuffer(person)))), person);
  assert.equal(proxy.count('GET /subjects/refs-city/versions/1'), 1);
});

test('references without an end, too many, too deep or to nothing are refused', async () => {
  const answer = (names: readonly string[]): Intrusion => ({
    status: 200,
    body: JSON.stringify({
      schema: '"long"',
      references: names.map((subject) => ({ name: subject, subject, version: 1 })),
    }),
  });
  /** What a subject refers to. */
  const graph = (edges: (subject: string) => readonly string[]): void => {
    proxy.intrude = (what) => {
      const subject = /subjects\/([^/]+)\/versions\/1$/.exec(what)?.[1];
      if (subject !== undefined) return subject === 'nothing' ? null : answer(edges(subject));
      return what.includes('/schemas/ids/') ? answer(edges('root')) : null;
    };
  };
  const why = async (): Promise<string> => whyOf(await findOne(source(), known));
  graph((subject) => (subject === 'b' ? ['a'] : subject === 'a' ? ['b'] : ['a']));
  assert.match(await why(), /its reference to a, version 1, leads back to itself/);
  graph((subject) =>
    subject === 'root' ? Array.from({ length: REFERENCES_MAX + 1 }, (_, i) => `s${i}`) : [],
  );
  assert.match(await why(), /more than 64 references/);
  graph((subject) => [`${subject}x`]);
  proxy.asked.length = 0;
  assert.match(await why(), /nested deeper than 16/);
  assert.equal(proxy.asked.length, 1 + REFERENCE_DEPTH_MAX + 1);
  graph(() => ['nothing']);
  assert.match(await why(), /its reference to nothing, version 1, cannot be followed: .*does not have it/);
});
