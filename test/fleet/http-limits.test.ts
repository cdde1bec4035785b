/** What one who asks may cost, by raw sockets. */
import assert from 'node:assert/strict';
import { type Socket, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { type FleetServer, HTTP_LIMITS, startFleetServer } from '../../src/http/fleet-server.js';
import { until } from '../support/until.js';

let server: FleetServer;
let port: number;
let logged = '';
before(async () => {
  const view = {
    unreadyReason: () => null,
    status: () => {
      throw new Error('inside-detail');
    },
    metrics: () => Promise.resolve('outrider_workers 1\n'),
  };
  const log = pino({ level: 'trace' }, { write: (line: string) => (logged += line) });
  server = await startFleetServer(view, { host: '127.0.0.1', port: 0, portConfigured: true }, log);
  port = Number(new URL(server.url).port);
});
after(async () => {
  await server[Symbol.asyncDispose]();
});

/** A connection that says something and keeps what it hears. */
class Asker {
  heard = '';
  closed = false;
  readonly socket: Socket;

  constructor(text: string) {
    this.socket = connect(port, '127.0.0.1', () => this.socket.write(text));
    this.socket.setEncoding('utf8').on('data', (data: string) => (this.heard += data));
    // A reset is a way to close, too.
    this.socket.on('error', () => (this.closed = true));
    this.socket.on('close', () => (this.closed = true));
  }
}

async function answerTo(text: string): Promise<string> {
  const asker = new Asker(text);
  await until('it is answered and closed', 15_000, () => asker.closed);
  return asker.heard;
}

const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`;

test('headers that never end, and a body that never comes, are closed within their time', async () => {
  const slow = [
    new Asker('GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    new Asker(
      'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nContent-Type: application/json\r\n\r\n{',
    ),
    new Asker(''),
  ];
  const started = performance.now();
  const drip = setInterval(() => slow[0]?.socket.write('a'), 200);
  try {
    await until('all are closed', 4 * HTTP_LIMITS.requestTimeoutMs, () => slow.every(({ closed }) => closed));
  } finally {
    clearInterval(drip);
  }
  assert.ok(performance.now() - started > 1000, 'they had some time');
  assert.match(slow[0]?.heard ?? '', /^HTTP\/1\.1 408 /);
});

test('headers, a path and a body that are too large are refused', async () => {
  const large = 'x'.repeat(2 * HTTP_LIMITS.headerBytes);
  assert.match(await answerTo(get('/livez', `X-Large: ${large}\r\n`)), /^HTTP\/1\.1 431 [\s\S]*\{"error":/);
  assert.match(await answerTo(get(`/${large}`)), /^HTTP\/1\.1 431 /);
  const body = JSON.stringify('x'.repeat(HTTP_LIMITS.bodyBytes));
  const post = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  assert.match(await answerTo(post('/nothing')), /^HTTP\/1\.1 413 [\s\S]*\{"error":"payload too large"\}$/);
  assert.match(
    await answerTo('\x16\x03\x01\x02\x00\x01\x00'),
    /^HTTP\/1\.1 400 [\s\S]*\{"error":"bad request"\}$/,
  );
});

test('unknown paths and methods are 404 in JSON, and an error inside shows nothing of itself', async () => {
  for (const request of [get('/nothing'), get('/livez/..%2f'), get('/livez').replace('GET', 'DELETE')]) {
    const answer = await answerTo(request);
    assert.match(
      answer,
      /^HTTP\/1\.1 404 [\s\S]*content-type: application\/json[\s\S]*\{"error":"not found"\}$/i,
    );
  }
  const failed = await answerTo(get('/status'));
  assert.match(failed, /^HTTP\/1\.1 500 [\s\S]*\{"error":"failed"\}$/);
  assert.doesNotMatch(failed, /inside-detail|\.ts|\.js|at /);
  assert.match(logged, /inside-detail/);
});

test('HEAD is answered like GET without a body; nobody is told what serves', async () => {
  const head = await answerTo(get('/livez').replace('GET', 'HEAD'));
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
  const whole = await answerTo(get('/metrics'));
  assert.match(whole, /outrider_workers 1/);
  assert.doesNotMatch(head + whole, /^(server|x-powered-by):/im);
});

test('more connections than are taken are closed at once, and there is room again once others are gone', async () => {
  const askers = Array.from({ length: HTTP_LIMITS.connections + 8 }, () => new Asker(''));
  await until('those beyond are closed', 10_000, () => askers.filter(({ closed }) => closed).length >= 8);
  assert.ok(askers.filter(({ closed }) => !closed).length <= HTTP_LIMITS.connections);
  assert.equal(askers[0]?.closed, false, 'who came first stays');
  for (const { socket } of askers) socket.destroy();
  await until('somebody is answered', 10_000, async () =>
    (await answerTo(get('/livez'))).startsWith('HTTP/1.1 200'),
  );
});
