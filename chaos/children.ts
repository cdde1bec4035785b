/**
 * Processes that end with this one, however it ends: the kernel sends them SIGKILL when their parent dies, and a guard
 * ends what they had started, suspended or not. Each has a session of its own, so that Ctrl-C reaches only the suite,
 * which ends them in order. Linux only, like the rest of the suite.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Stands in the environment of every process of this run, and of all that those start. */
const RUN_VARIABLE = 'OUTRIDER_CHAOS_RUN';
const RUN = randomUUID();

/**
 * Waits for the end of its input, which is the end of the suite; then ends whatever carries the run's mark, until there
 * is nothing, and removes the folder that it was told of last.
 */
const GUARD = `
folder=
while IFS= read -r line; do folder=$line; done
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lzsxF -- "$1" /proc/[0-9]*/environ)
  if [ -z "$found" ]; then break; fi
  for file in $found; do pid=\${file#/proc/}; kill -KILL "\${pid%/environ}" 2>/dev/null; done
  sleep 0.2
done
if [ -n "$folder" ]; then rm -rf -- "$folder"; fi`;

let guard: ChildProcess | null = null;

function guarded(): ChildProcess {
  if (guard !== null) return guard;
  guard = spawn('sh', ['-c', GUARD, 'sh', `${RUN_VARIABLE}=${RUN}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as Socket).unref();
  return guard;
}

/** The folder that is removed when the suite is gone without having done so; null for none. */
export function removeAtEnd(folder: string | null): void {
  guarded().stdin?.write(`${folder ?? ''}\n`);
}

/** Spawns `command`; the process keeps the pid that is returned. */
export function spawnChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  guarded();
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    ...options,
    env: { ...(options.env ?? process.env), [RUN_VARIABLE]: RUN },
    detached: true,
  });
}

/** Resolves when the process is gone. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** The pids whose parent is `parent`. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** @returns null for a process that is gone or not running any more */
function parentOf(pid: number): number | null {
  const stat = readProcFile(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The command's name stands in parentheses and may contain anything.
  const [state, parent] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return state === 'Z' ? null : Number(parent);
}

/** Whether the process is there and has not ended yet. */
export function isAlive(pid: number): boolean {
  return parentOf(pid) !== null;
}

/** Resident memory of a process in bytes; null when it is gone. */
export function residentBytes(pid: number): number | null {
  const line = readProcFile(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB/m);
  return line == null ? null : Number(line[1]) * 1024;
}

/** Sends a signal; a process that is gone already has nothing to hear. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function readProcFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
