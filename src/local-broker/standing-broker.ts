import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { awaitReady, probe } from './await-ready.js';
import { stateFile } from './cache-folder.js';
import { planLaunch } from './launch-plan.js';
import { findRuntime, kafkaVersion } from './runtime.js';

const run = promisify(execFile);

/** What `outrider broker start` prints, and what the state file in the cache folder holds beside the container. */
export interface StandingBroker {
  readonly brokers: readonly string[];
  readonly pid: number;
  readonly dataDir: string;
  readonly version: string;
}

interface State extends StandingBroker {
  readonly container: string | null;
}

const STOP_TIMEOUT_MS = 15_000;
const POLL_INTERVAL_MS = 50;

export interface StartRequest {
  readonly cache: string;
  readonly dataDir: string | null;
  readonly port: number | null;
  readonly log: Logger;
  readonly onNote: (text: string) => void;
}

/** Starts a broker that stays, or finds the one that runs. Returns when it answers. @throws UnreachableError */
export async function startStandingBroker({
  cache,
  dataDir,
  port,
  log,
  onNote,
}: StartRequest): Promise<StandingBroker> {
  const running = await findStandingBroker(cache, log);
  if (running !== null) return running;
  const runtime = await findRuntime(cache, onNote);
  const plan = await planLaunch(runtime, dataDir ?? defaultDataDir(cache), port);
  const output = openSync(plan.logFile, 'a');
  // Its own session and no descriptor of ours: it outlives the shell that asked for it.
  const child = spawn(plan.command, plan.args, {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: plan.dataDir,
  });
  closeSync(output);
  const died = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    await awaitReady(plan.brokers[0], died, plan.logFile, log);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  child.unref();
  const state: State = {
    brokers: plan.brokers,
    pid: child.pid ?? 0,
    dataDir: plan.dataDir,
    version: kafkaVersion(),
    container: plan.container,
  };
  mkdirSync(cache, { recursive: true });
  writeFileSync(stateFile(cache), `${JSON.stringify(state)}\n`);
  return shown(state);
}

/** @returns null when none runs; a state that a killed broker left behind is removed */
export async function findStandingBroker(cache: string, log: Logger): Promise<StandingBroker | null> {
  const state = readState(cache);
  if (state === null) return null;
  if (isAlive(state) && (await probe(state.brokers[0] ?? '', log)) === '') return shown(state);
  if (!isAlive(state)) rmSync(stateFile(cache), { force: true });
  return null;
}

/** @returns what was stopped, or null when none ran */
export async function stopStandingBroker(cache: string, purge: boolean): Promise<StandingBroker | null> {
  const state = readState(cache);
  if (state === null) {
    // Stopped before, without --purge: its data are still there.
    if (purge) rmSync(defaultDataDir(cache), { recursive: true, force: true });
    return null;
  }
  if (isAlive(state)) {
    if (state.container !== null) await run('docker', ['stop', state.container]);
    else process.kill(state.pid, 'SIGTERM');
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (isAlive(state) && performance.now() < deadline) await delay(POLL_INTERVAL_MS);
    if (isAlive(state)) process.kill(state.pid, 'SIGKILL');
    while (isAlive(state)) await delay(POLL_INTERVAL_MS);
  }
  rmSync(stateFile(cache), { force: true });
  if (purge) rmSync(state.dataDir, { recursive: true, force: true });
  return shown(state);
}

function defaultDataDir(cache: string): string {
  return join(cache, 'broker-data');
}

function shown({ brokers, pid, dataDir, version }: State): StandingBroker {
  return { brokers, pid, dataDir, version };
}

function readState(cache: string): State | null {
  const file = stateFile(cache);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : null;
}

/** Whether the process is there and is the broker: a pid may have been given to something else since. */
function isAlive({ pid, dataDir, container }: State): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const commandLine = `/proc/${pid}/cmdline`;
  if (!existsSync('/proc/self/cmdline')) return true;
  if (!existsSync(commandLine)) return false;
  return readFileSync(commandLine, 'utf8').includes(container ?? dataDir);
}
