/** What the registry says of itself while schemas are waited for. */
import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { SchemaRegistry } from '../../src/decode/schema-registry.js';
import { until } from '../support/until.js';

const LIMIT_MS = 10_000;

let server: Server;
let url: string;
/** Ids for which the registry answers that it cannot serve now. */
let failing = new Set<string>();

before(async () => {
  server = createServer((request, response) => {
    const id = request.url?.split('/').at(-1) ?? '';
    response.writeHead(failing.has(id) ? 500 : 200).end(JSON.stringify({ schema: '"long"' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('it waits for as long as any schema is waited for, and says for which', async () => {
  failing = new Set(['7', '9']);
  const said: (string | null)[] = [];
  const registry = new SchemaRegistry({ url, register: false }, (reason) => said.push(reason));
  const { signal } = new AbortController();
  const seven = registry.find('7', signal);
  const nine = registry.find('9', signal);
  const sevenAgain = registry.find('7', signal);
  const both = /schemas\/ids\/7: status 500; .*schemas\/ids\/9: status 500$/;
  await until('it waits for both', LIMIT_MS, () => both.test(said.at(-1) ?? ''));
  assert.notEqual(await registry.find('8', signal), null);
  assert.match(said.at(-1) ?? 'none waits', both);
  failing = new Set(['9']);
  await Promise.all([seven, sevenAgain]);
  assert.match(said.at(-1) ?? 'none waits', /^[^;]*schemas\/ids\/9: status 500$/);
  failing = new Set();
  await nine;
  assert.equal(said.at(-1), null);
});

test('who gives up does not wait any more', async () => {
  failing = new Set(['7']);
  const said: (string | null)[] = [];
  const registry = new SchemaRegistry({ url, register: false }, (reason) => said.push(reason));
  const lost = new AbortController();
  const seven = registry.find('7', lost.signal);
  await until('it waits', LIMIT_MS, () => (said.at(-1) ?? null) !== null);
  const reason = new Error('the partition was lost');
  lost.abort(reason);
  await assert.rejects(seven, reason);
  assert.equal(said.at(-1), null);
});
