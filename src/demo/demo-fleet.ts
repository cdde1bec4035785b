import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UnreachableError } from '../errors.js';
import { type FleetResult, Supervisor } from '../fleet/supervisor.js';
import type { AsyncCleanup } from './async-cleanup.js';
import type { DemoOptions } from './demo-options.js';
import { DEMO_PARTITIONS, type DemoConfig } from './demo-setup.js';

const READY_TIMEOUT_MS = 60_000;

export interface RunningFleet {
  readonly supervisor: Supervisor;
  /** Rejects when the fleet fails. */
  readonly ended: Promise<FleetResult>;
  stop(): Promise<FleetResult>;
}

export function startFleet(
  { environment, log, logLevel, signal }: DemoOptions,
  { config, file }: DemoConfig,
  workers: number,
  cleanup: AsyncCleanup,
): RunningFleet {
  const stopping = new AbortController();
  const supervisor = new Supervisor({
    config,
    workers,
    workerArguments: ['worker', '--config', file, '--log-level', logLevel],
    environment,
    stopAt: 'never',
    clock: Date.now,
    random: Math.random,
    log,
  });
  const ended = supervisor.run(AbortSignal.any([stopping.signal, signal]));
  ended.catch(() => undefined);
  const stop = (): Promise<FleetResult> => {
    stopping.abort();
    return ended;
  };
  cleanup.add(async () => {
    await stop().catch(() => undefined);
  });
  return { supervisor, ended, stop };
}

/** Resolves when every partition has a running owner. */
export async function fleetReady({ supervisor, ended }: RunningFleet, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let isOver = false;
  void ended.finally(() => (isOver = true)).catch(() => undefined);
  while (supervisor.unreadyReason() !== null || !coversAll(supervisor)) {
    if (isOver) await ended;
    if (signal.aborted) return;
    if (performance.now() > deadline)
      throw new UnreachableError(`the fleet did not become ready: ${supervisor.unreadyReason() ?? ''}`);
    await delay(20);
  }
}

function coversAll(supervisor: Supervisor): boolean {
  return supervisor.status().workers.flatMap(({ partitions }) => partitions).length === DEMO_PARTITIONS;
}

/** A fleet that outlives the demo, with its log beside its configuration. @returns its pid */
export function leaveFleet(configFile: string, environment: DemoOptions['environment']): number {
  const output = openSync(join(dirname(configFile), 'fleet.log'), 'a');
  const program = fileURLToPath(new URL('../main.js', import.meta.url));
  const fleet = spawn(process.execPath, [program, 'run', '--config', configFile], {
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...environment },
  });
  closeSync(output);
  fleet.unref();
  return fleet.pid ?? 0;
}
