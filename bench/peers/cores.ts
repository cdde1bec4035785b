import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Which cores are whose. */
export interface Cores {
  /** The broker's, and those of the program that looks on. */
  readonly broker: readonly number[];
  readonly peer: number;
}

/** The last core for the peer, the others for the broker. @returns null where there are not two, or no taskset */
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

/** All threads of this process, and what it starts from now on. @throws where there is no taskset */
export function pinThisProcess(cores: readonly number[]): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores.join(','), String(process.pid)], { stdio: 'pipe' });
}
