/** One of several configured brokers that is there but of no use must not keep a client from the others. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { test } from 'node:test';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { byLastFailure, noteFailure } from '../../src/kafka/kafkajs/broker-memory.js';
import { translateError } from '../../src/kafka/translate-errors.js';
import { log, testBrokers } from '../support/scenario.js';

const inOrder = (brokers: readonly string[]): string[] => byLastFailure(brokers, (address) => address);

/** A server that takes connections and does no more than that. */
async function deafServer(
  onConnection: (socket: Socket) => void,
): Promise<{ address: string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (const [kind, onConnection] of [
  ['hangs up', (socket: Socket) => socket.destroy()],
  ['never answers', () => undefined],
] as const) {
  test(`a broker that ${kind} is passed over`, async () => {
    await using deaf = await deafServer(onConnection);
    const brokers = [deaf.address, ...testBrokers()];
    await using admin = new KafkaAdmin(localKafka(brokers), log);
    assert.equal((await admin.partitionCounts(['no-such-topic'])).size, 0);
    // Whoever comes next does not have to find out again.
    assert.equal(inOrder(brokers).at(-1), deaf.address);
  });
}

test('a coordinator that is not found now does not end the consumer', () => {
  // What decides is whether kafkajs counts its own error as retriable.
  const { KafkaJSGroupCoordinatorNotFound: NotFound } = createRequire(import.meta.url)(
    'kafkajs/src/errors',
  ) as { KafkaJSGroupCoordinatorNotFound: new (message: string) => Error & { retriable: boolean } };
  const error = new NotFound('Failed to find group coordinator');
  assert.equal(error.retriable, true);
  assert.equal(translateError(error, 'joining').code, 'unreachable');
});

test('seeds keep their order until one fails; the last to fail goes last', () => {
  const brokers = ['a:1', 'b:1', 'c:1'];
  assert.deepEqual(inOrder(brokers), brokers);
  noteFailure('a:1');
  assert.deepEqual(inOrder(brokers), ['b:1', 'c:1', 'a:1']);
  noteFailure('b:1');
  assert.deepEqual(inOrder(brokers), ['c:1', 'a:1', 'b:1']);
});
