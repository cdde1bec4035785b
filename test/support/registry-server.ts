import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuardMessage } from '../../src/local-broker/guard.js';
import { freePort, type LaunchPlan } from '../../src/local-broker/launch-plan.js';
import { REGISTRY_JAR, registryFiles } from './registry-files.js';
import { until } from './until.js';

const GUARD = fileURLToPath(new URL('../../src/local-broker/guard.js', import.meta.url));
const READY_LIMIT_MS = 120_000;

/** A real registry, in memory, that lives no longer than this process. */
export interface RegistryServer extends AsyncDisposable {
  /** Where its Confluent API begins. */
  readonly url: string;
}

export async function startRegistryServer(cache: string): Promise<RegistryServer> {
  const folder = await registryFiles(cache);
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), 'outrider-registry-'));
  const plan: Omit<LaunchPlan, 'runtime' | 'brokers'> = {
    dataDir,
    logFile: join(dataDir, 'registry.log'),
    command: 'java',
    args: [
      ...['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${port}`],
      ...['-jar', join(folder, REGISTRY_JAR)],
    ],
    container: null,
  };
  const guard = fork(GUARD, [JSON.stringify(plan)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let isDead = false;
  const ended = new Promise<void>((resolve) => {
    guard.once('exit', () => resolve());
    guard.on('message', (message: GuardMessage) => message.kind === 'ended' && resolve());
  });
  void ended.then(() => (isDead = true));
  const stop = async (): Promise<void> => {
    if (guard.connected) guard.disconnect();
    await ended;
  };
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  try {
    await until('the registry answers', READY_LIMIT_MS, async () => {
      if (isDead) throw new Error(`the registry ended:\n${readFileSync(plan.logFile, 'utf8').slice(-2000)}`);
      return isAnswering(url);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: stop };
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/subjects`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
