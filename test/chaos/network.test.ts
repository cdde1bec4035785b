/** The chaos suite's proxy, with a plain TCP server as the broker. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { API, FrameSplitter, isFence, requestFacts } from '../../chaos/network/frames.js';
import { Proxy } from '../../chaos/network/proxy.js';
import { int16, int32, int64, text } from '../../chaos/network/raw-request.js';
import { type Fate, type Passing, Wire } from '../../chaos/network/wire.js';
import { latch } from '../../chaos/waiting.js';
import { until } from '../support/until.js';

const CLIENT = 'fleet';
const LIMIT_MS = 2000;

/** A request as kafkajs frames it: header version 1, and a body that starts with a transactional id, as EndTxn's. */
function request(api: number, correlationId: number, transactionalId = 'g/t/0'): Buffer {
  const client = Buffer.from(CLIENT);
  const id = Buffer.from(transactionalId);
  const frame = Buffer.alloc(14 + client.length + 2 + id.length + 8 + 2 + 1);
  frame.writeBigInt64BE(1000n, 16 + client.length + id.length);
  frame.writeInt16BE(7, 24 + client.length + id.length);
  frame.writeInt32BE(frame.length - 4, 0);
  frame.writeInt16BE(api, 4);
  frame.writeInt16BE(1, 6);
  frame.writeInt32BE(correlationId, 8);
  frame.writeInt16BE(client.length, 12);
  client.copy(frame, 14);
  frame.writeInt16BE(id.length, 14 + client.length);
  id.copy(frame, 16 + client.length);
  return frame;
}

function response(correlationId: number): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(4, 0);
  frame.writeInt32BE(correlationId, 4);
  return frame;
}

/** Frames as correlation ids: at 8 of a request, at 4 of a response. */
function collect(socket: Socket, at: number): number[] {
  const splitter = new FrameSplitter();
  const found: number[] = [];
  socket.on('data', (chunk: Buffer) => {
    for (const frame of splitter.push(chunk)) found.push(frame.readInt32BE(at));
  });
  return found;
}

interface Line extends AsyncDisposable {
  readonly wire: Wire;
  readonly proxy: Proxy;
  /** What the broker was asked, by correlation id; it answers everything at once. */
  readonly asked: readonly number[];
  client(): Promise<{ readonly socket: Socket; readonly answers: readonly number[] }>;
}

async function line(): Promise<Line> {
  const asked: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const splitter = new FrameSplitter();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) {
        const id = frame.readInt32BE(8);
        asked.push(id);
        if (socket.writable) socket.write(response(id));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wire = new Wire((clientId) => clientId === CLIENT);
  const proxy = await Proxy.listen(1, 0, (server.address() as AddressInfo).port, wire);
  return {
    wire,
    proxy,
    asked,
    client: async () => {
      const socket = connect(proxy.port, '127.0.0.1');
      sockets.add(socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return { socket, answers: collect(socket, 4) };
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await proxy[Symbol.asyncDispose]();
      server.close();
    },
  };
}

/** Decides for one api and direction, and passes the rest. */
function when(api: number, direction: Passing['direction'], fate: () => Fate | Promise<Fate>) {
  return (passing: Passing): Fate | Promise<Fate> | undefined =>
    passing.request.api === api && passing.direction === direction ? fate() : undefined;
}

test('frames come out whole, wherever the stream is cut', () => {
  const frames = [request(API.EndTxn, 1), response(2), request(API.Produce, 3, 'g/topic/17')];
  const stream = Buffer.concat(frames);
  for (let size = 1; size <= stream.length; size++) {
    const splitter = new FrameSplitter();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size)
      found.push(...splitter.push(stream.subarray(at, at + size)));
    assert.deepEqual(found, frames, `pieces of ${size} bytes`);
  }
  for (let cut = 0; cut <= stream.length; cut++) {
    const splitter = new FrameSplitter();
    const found = [...splitter.push(stream.subarray(0, cut)), ...splitter.push(stream.subarray(cut))];
    assert.deepEqual(found, frames, `cut at byte ${cut}`);
  }
});

test('who a request says that it is, and whether it fences others', () => {
  const isOurs = (clientId: string): boolean => clientId === CLIENT;
  const commit = requestFacts(request(API.EndTxn, 1, 'g/topic/17'), isOurs);
  assert.equal(commit.transactionalId, 'g/topic/17');
  assert.deepEqual(commit.producer, { producerId: 1000n, epoch: 7 });
  assert.equal(requestFacts(request(API.Produce, 1), isOurs).producer, null);
  assert.equal(requestFacts(request(API.EndTxn, 1), () => false).transactionalId, null);
  for (const [producerId, epoch] of [
    [-1n, -1],
    [1000n, 7],
  ] as const) {
    // Header version 2 and InitProducerId version 3 (protocol guide).
    const id = Buffer.from('g/topic/17');
    const body = [Buffer.from([0, id.length + 1]), id, int32(10_000), int64(producerId), int16(epoch)];
    const header = [int16(API.InitProducerId), int16(3), int32(5), text(CLIENT)];
    const frame = Buffer.concat([...header, ...body, Buffer.from([0])]);
    const facts = requestFacts(Buffer.concat([int32(frame.length), frame]), isOurs);
    assert.equal(facts.transactionalId, 'g/topic/17');
    assert.deepEqual(facts.producer, { producerId, epoch });
    assert.equal(isFence(facts), producerId === -1n);
  }
});

test('requests and responses pass in order', async () => {
  await using on = await line();
  const { socket, answers } = await on.client();
  const ids = Array.from({ length: 50 }, (_, i) => i);
  socket.write(Buffer.concat(ids.map((id) => request(API.EndTxn, id))));
  await until('all are answered', LIMIT_MS, () => answers.length === ids.length);
  assert.deepEqual(on.asked, ids);
  assert.deepEqual(answers, ids);
});

test('a held request holds what follows it, and all go on in order', async () => {
  await using on = await line();
  const held = latch<Fate>();
  using _holding = on.wire.intercept(when(API.EndTxn, 'request', () => held.promise));
  const { socket, answers } = await on.client();
  socket.write(Buffer.concat([request(API.Produce, 1), request(API.EndTxn, 2), request(API.Produce, 3)]));
  await until('the first is answered', LIMIT_MS, () => answers.length === 1);
  assert.deepEqual(on.asked, [1]);
  held.open('pass');
  await until('all are answered', LIMIT_MS, () => answers.length === 3);
  assert.deepEqual(on.asked, [1, 2, 3]);
  assert.deepEqual(answers, [1, 2, 3]);
});

test('a held request reaches the broker after its client is gone', async () => {
  await using on = await line();
  const held = latch<Fate>();
  const seen = latch<Passing>();
  using _holding = on.wire.intercept((passing) => {
    if (passing.direction === 'response') return undefined;
    seen.open(passing);
    return held.promise;
  });
  const { socket } = await on.client();
  socket.write(request(API.EndTxn, 9));
  const passing = await seen.promise;
  socket.destroy();
  await once(socket, 'close');
  assert.deepEqual(on.asked, []);
  assert.equal(passing.hasWay(), true);
  held.open('pass');
  await until('the broker is asked', LIMIT_MS, () => on.asked.length === 1);
  assert.deepEqual(on.asked, [9]);
});

test('a held request says when its way to the broker is gone', async () => {
  await using on = await line();
  const held = latch<Fate>();
  const seen = latch<Passing>();
  using _holding = on.wire.intercept((passing) => {
    seen.open(passing);
    return held.promise;
  });
  const { socket } = await on.client();
  socket.write(request(API.EndTxn, 9));
  const passing = await seen.promise;
  on.proxy.cut();
  await until('the way is gone', LIMIT_MS, () => !passing.hasWay());
  held.open('pass');
});

test('a swallowed response is lost alone; one that is cut takes its connection with it', async () => {
  await using on = await line();
  const { socket, answers } = await on.client();
  {
    using _swallowing = on.wire.intercept(when(API.EndTxn, 'response', () => 'swallow'));
    socket.write(Buffer.concat([request(API.EndTxn, 1), request(API.Produce, 2)]));
    await until('the second is answered', LIMIT_MS, () => answers.length === 1);
    assert.deepEqual(answers, [2]);
    assert.deepEqual(on.asked, [1, 2]);
  }
  using _cutting = on.wire.intercept(when(API.EndTxn, 'response', () => 'cut'));
  const closed = once(socket, 'close');
  socket.write(request(API.EndTxn, 3));
  await closed;
  assert.deepEqual(on.asked, [1, 2, 3]);
  assert.deepEqual(answers, [2]);
});

test('a line that is cut takes nobody until it is healed', async () => {
  await using on = await line();
  const { socket } = await on.client();
  const closed = once(socket, 'close');
  on.proxy.cut();
  await closed;
  const refused = await on.client();
  await once(refused.socket, 'close');
  on.proxy.heal();
  const { socket: healed, answers } = await on.client();
  healed.write(request(API.Produce, 5));
  await until('it is answered', LIMIT_MS, () => answers.length === 1);
});

test('who waits for a passing lets go when it comes and when it does not', async () => {
  await using on = await line();
  const { socket } = await on.client();
  const isCommit = ({ direction, request: { api } }: Passing): boolean =>
    api === API.EndTxn && direction === 'request';
  const coming = on.wire.next(isCommit, AbortSignal.timeout(LIMIT_MS));
  assert.equal(on.wire.listenerCount, 1);
  socket.write(request(API.EndTxn, 4));
  assert.equal((await coming)?.request.correlationId, 4);
  assert.equal(on.wire.listenerCount, 0);
  assert.equal(await on.wire.next(isCommit, AbortSignal.timeout(20)), null);
  assert.equal(on.wire.listenerCount, 0);
});

test('the wire knows from which ports transactional requests came lately', async () => {
  await using on = await line();
  const { socket, answers } = await on.client();
  assert.deepEqual(on.wire.transactionalPorts(LIMIT_MS), []);
  socket.write(request(API.EndTxn, 1));
  await until('it is answered', LIMIT_MS, () => answers.length === 1);
  assert.deepEqual(on.wire.transactionalPorts(LIMIT_MS), [socket.localPort]);
  assert.deepEqual(on.wire.transactionalPorts(-1), []);
  assert.equal(on.wire.lastBrokerFor('EndTxn'), 1);
});
