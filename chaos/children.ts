/**
 * Processes that end with this one, however it ends: the kernel sends them SIGKILL when their parent dies. Linux only,
 * like the rest of the suite.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** Spawns `command`; the process keeps the pid that is returned. */
export function spawnChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], options);
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
