import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { awaitReady } from './await-ready.js';
import type { GuardMessage } from './guard.js';
import { planLaunch } from './launch-plan.js';
import { findRuntime } from './runtime.js';

/** A broker that lives no longer than this process, and leaves nothing behind. */
export interface GuardedBroker extends AsyncDisposable {
  readonly brokers: readonly string[];
}

/** @throws UnreachableError when there is no way to run one, or it does not come up */
export async function startGuardedBroker(
  cache: string,
  log: Logger,
  onNote: (text: string) => void,
): Promise<GuardedBroker> {
  const runtime = await findRuntime(cache, onNote);
  const plan = await planLaunch(runtime, mkdtempSync(join(tmpdir(), 'outrider-kafka-')), null);
  const guard = fork(fileURLToPath(new URL('./guard.js', import.meta.url)), [JSON.stringify(plan)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => {
    guard.once('exit', () => resolve());
    guard.on('message', (message: GuardMessage) => message.kind === 'ended' && resolve());
  });
  try {
    await awaitReady(plan.brokers[0], ended, plan.logFile, log);
  } catch (error) {
    await stop(guard, ended);
    throw error;
  }
  return { brokers: plan.brokers, [Symbol.asyncDispose]: () => stop(guard, ended) };
}

async function stop(guard: ChildProcess, ended: Promise<void>): Promise<void> {
  if (guard.connected) guard.disconnect();
  await ended;
}
