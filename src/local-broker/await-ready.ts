import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { UnreachableError, messageOf } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { localKafka } from '../kafka/local-config.js';

const READY_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/**
 * Returns when the broker answers a client.
 * @param died resolves when the process ends before that
 * @throws UnreachableError with the last lines of its log
 */
export async function awaitReady(
  address: string,
  died: Promise<void>,
  logFile: string,
  log: Logger,
): Promise<void> {
  let isDead = false;
  void died.then(() => (isDead = true));
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let fault = 'no answer';
  while (!isDead && performance.now() < deadline) {
    fault = await probe(address, log);
    if (fault === '') return;
    await delay(POLL_INTERVAL_MS);
  }
  throw new UnreachableError(
    `the local broker at ${address} ${isDead ? 'ended' : 'did not answer'} (${fault}); the end of ${logFile}:\n${tail(logFile)}`,
  );
}

/** @returns '' when it answers, else why not */
export async function probe(address: string, log: Logger): Promise<string> {
  if (!(await accepts(address))) return 'no connection';
  const admin = new KafkaAdmin(localKafka([address]), log);
  try {
    await admin.partitionCounts([]);
    return '';
  } catch (error) {
    return messageOf(error);
  } finally {
    await admin[Symbol.asyncDispose]();
  }
}

function accepts(address: string): Promise<boolean> {
  const [host = '127.0.0.1', port = '0'] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const done = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch (error) {
    return messageOf(error);
  }
}
