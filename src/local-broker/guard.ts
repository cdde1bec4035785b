/**
 * Runs as a process of its own between a short-lived program (the demo, a test run) and the broker it started: when
 * the program goes away, however it does, the guard ends the broker and removes its data.
 */
import { spawn, spawnSync } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import type { LaunchPlan } from './launch-plan.js';

export type GuardMessage =
  { readonly kind: 'started'; readonly pid: number | null } | { readonly kind: 'ended' };

const STOP_TIMEOUT_MS = 10_000;

function guard(plan: LaunchPlan): void {
  const output = openSync(plan.logFile, 'a');
  const broker = spawn(plan.command, plan.args, { stdio: ['ignore', output, output] });
  let stopping = false;
  broker.once('spawn', () => tell({ kind: 'started', pid: broker.pid ?? null }));
  broker.once('error', () => end());
  broker.once('exit', () => end());
  process.on('disconnect', stop);
  process.on('message', stop);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);

  function stop(): void {
    if (stopping) return;
    stopping = true;
    if (plan.container !== null) spawnSync('docker', ['kill', plan.container]);
    broker.kill('SIGTERM');
    setTimeout(() => broker.kill('SIGKILL'), STOP_TIMEOUT_MS).unref();
  }

  function end(): void {
    if (stopping) rmSync(plan.dataDir, { recursive: true, force: true });
    tell({ kind: 'ended' });
    process.exit(0);
  }

  function tell(message: GuardMessage): void {
    if (process.connected) process.send?.(message);
  }
}

guard(JSON.parse(process.argv[2] ?? '{}') as LaunchPlan);
