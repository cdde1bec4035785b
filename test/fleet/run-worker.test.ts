/** What a worker tells its supervisor when it cannot go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { MissingRemoteError, type OutriderError, UnreachableError } from '../../src/errors.js';
import type { WorkerMessage } from '../../src/fleet/messages.js';
import { runWorker } from '../../src/fleet/run-worker.js';
import { Scenario, log } from '../support/scenario.js';

test('what a broker may only not know yet is not for good; what is missing is', async () => {
  await using scenario = await Scenario.create(1);
  await scenario.train();
  const { file } = await scenario.configure('failing');
  const isPermanent = async (error: OutriderError): Promise<boolean | undefined> => {
    const messages: WorkerMessage[] = [];
    const run = runWorker({
      config: loadConfig(file, {}),
      clock: Date.now,
      log,
      stopAtEnd: false,
      supervisor: {
        send: (message) => messages.push(message),
        gone: new AbortController().signal,
        predecessor: null,
      },
      signal: new AbortController().signal,
      through: (own) => ({
        ...own,
        source: {
          join: () => Promise.reject(error),
          start: (at, offset) => own.source.start(at, offset),
          pause: (at) => own.source.pause(at),
          leave: () => own.source.leave(),
        },
      }),
    });
    await assert.rejects(run, error);
    return messages.find((message) => message.kind === 'failure')?.permanent;
  };
  assert.equal(await isPermanent(new MissingRemoteError('no such topic', { mayPass: true })), false);
  assert.equal(await isPermanent(new MissingRemoteError('no right to read')), true);
  assert.equal(await isPermanent(new UnreachableError('no broker')), false);
});
