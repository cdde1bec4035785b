/** A cluster of kafkajs's that was closed stays so, whatever is on its way in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClosableCluster, keepClosed } from '../../src/kafka/kafkajs/closed-for-good.js';

function cluster() {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const ask = (what: string) => (): Promise<unknown> => {
    asked.push(what);
    return new Promise((resolve) => answers.push(() => resolve(what)));
  };
  const made: ClosableCluster = {
    connect: ask('connect'),
    findBroker: ask('findBroker'),
    findGroupCoordinator: ask('findGroupCoordinator'),
    refreshMetadata: ask('refreshMetadata'),
    refreshMetadataIfNecessary: ask('refreshMetadataIfNecessary'),
    disconnect: () => {
      asked.push('disconnect');
      return Promise.resolve();
    },
  };
  keepClosed(made, () => new RangeError('closed'));
  return { made, asked, answer: () => answers.splice(0).forEach((resolve) => resolve()) };
}

test('what is asked of a closed cluster reaches no broker', async () => {
  const { made, asked, answer } = cluster();
  const before = made.findBroker();
  answer();
  assert.equal(await before, 'findBroker');
  await made.disconnect();
  await assert.rejects(made.connect(), RangeError);
  await assert.rejects(made.refreshMetadataIfNecessary(), RangeError);
  assert.deepEqual(asked, ['findBroker', 'disconnect']);
});

test('what was opened while it was being closed is closed as well', async () => {
  const { made, asked, answer } = cluster();
  const found = made.findGroupCoordinator();
  await made.disconnect();
  answer();
  await assert.rejects(found, RangeError);
  assert.deepEqual(asked, ['findGroupCoordinator', 'disconnect', 'disconnect']);
});
