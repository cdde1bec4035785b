import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { UsageError, messageOf } from '../../src/errors.js';

/** Which cores are whose. */
export interface Cores {
  /** The broker's, and those of the program that looks on. */
  readonly broker: readonly number[];
  readonly peer: number;
}

/** The last core for the peer, the others for the broker. @returns null where there are not two */
export function divideCores(): Cores | null {
  const allowed = parseCores(
    /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '',
  );
  const peer = allowed.at(-1);
  if (peer === undefined || allowed.length < 2) return null;
  return { broker: allowed.slice(0, -1), peer };
}

/** @param list as Linux writes it: `0-2,5` */
export function parseCores(list: string): number[] {
  return list
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** All threads of this process, and what it starts from now on. @throws UsageError where there is no taskset */
export function pinThisProcess(cores: readonly number[]): void {
  try {
    execFileSync('taskset', ['-a', '-c', '-p', cores.join(','), String(process.pid)], { stdio: 'pipe' });
  } catch (error) {
    throw new UsageError(`taskset (of util-linux) is needed, or --no-pin: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
