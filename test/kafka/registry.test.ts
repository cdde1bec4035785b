/** Confluent's framing against an HTTP registry that can be away, not know an id, and be asked to register. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { Outrider } from '../support/outrider.js';
import { EVENT_SCHEMA, Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

let scenario: Scenario;
let server: Server;
let url: string;
const asked: string[] = [];
let isAway = false;

before(async () => {
  scenario = await Scenario.create(1);
  await scenario.train();
  server = createServer((request, response) => {
    const path = `${request.method ?? ''} ${request.url ?? ''}`;
    asked.push(path);
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (isAway) answer(503, {});
    else if (path === 'GET /schemas/ids/7') answer(200, { schema: JSON.stringify(EVENT_SCHEMA) });
    else if (path.startsWith('POST /subjects/') && path.endsWith('/versions')) answer(200, { id: 42 });
    else answer(404, { error_code: 40_403 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await scenario[Symbol.asyncDispose]();
});

test('known ids are read, unknown ones are dead letters, an absent registry is waited for', async () => {
  const framed = (id: number, event: number): Buffer => {
    const head = Buffer.alloc(5);
    head.writeInt32BE(id, 1);
    return Buffer.concat([
      head,
      scenario.encode({ id: event, entity: 'e', a: 50, b: 50, c: 50 }).subarray(10),
    ]);
  };
  await scenario.write([
    { partition: 0, value: framed(7, 1) },
    { partition: 0, value: framed(8, 2) },
    { partition: 0, value: framed(7, 3) },
  ]);
  const input = {
    topic: scenario.name,
    schema: 'event.avsc',
    encoding: 'confluent',
    registry: { url, register: true },
    startAt: 'earliest',
    entity: 'entity',
    time: 'at',
  };
  const run = await scenario.configure('registry', { input, http: { port: 0 } });
  await using worker = new Outrider(['worker', '--config', run.file]);
  await until('everything is committed', 30_000, () => scenario.isCommitted(run.group));
  const { anomalies, deadLetters } = await scenario.read(run);
  assert.deepEqual(
    anomalies.map(({ offset }) => offset),
    [0, 2],
  );
  assert.equal(
    deadLetters[0]?.headers.find(([name]) => name === '__dlq.errors.reason')?.[1]?.toString(),
    'unknown-schema',
  );
  for await (const batch of scenario.all(run.anomalies)) {
    for (const { value } of batch.records)
      assert.equal(value?.subarray(0, 5).toString('hex'), '000000002a', "Outrider's own schema id");
  }
  assert.equal(asked.filter((path) => path === 'GET /schemas/ids/7').length, 1, 'asked once');
  isAway = true;
  await scenario.write([
    { partition: 0, value: framed(9, 4) },
    { partition: 0, value: framed(7, 5) },
  ]);
  const status =
    /"url":"([^"]+)"/.exec(
      await until('it serves', 5000, () => (worker.stderr.includes('"url"') ? worker.stderr : null)),
    )?.[1] ?? '';
  await until('it says that it waits', 10_000, async () => {
    const answer = await fetch(`${status}/readyz`);
    return answer.status === 503 && (await answer.text()).includes('registry');
  });
  isAway = false;
  await until('it goes on', 30_000, () => scenario.isCommitted(run.group));
  const later = await scenario.read(run);
  assert.deepEqual(
    later.anomalies.map(({ offset }) => offset),
    [0, 2, 4],
  );
  worker.kill('SIGTERM');
  assert.equal((await worker.finished).code, 0);
});
