import { readFileSync } from 'node:fs';
import { processUsage } from '../peers/process-usage.js';

/** CPU time of a process and of all that it has started, ended ones included as they were last seen. */
export class CpuCount {
  private readonly byPid = new Map<number, number>();

  constructor(private readonly pid: number) {}

  /** @returns seconds since the start of each of them */
  look(): number {
    for (const pid of [this.pid, ...descendantsOf(this.pid)]) {
      const seconds = unlessGone(() => processUsage(pid).cpuSeconds);
      if (seconds !== null) this.byPid.set(pid, seconds);
    }
    return [...this.byPid.values()].reduce((sum, seconds) => sum + seconds, 0);
  }
}

/** The Kafka broker that this process has started; null where it was named by the environment. */
export function ownBroker(): CpuCount | null {
  const pid = descendantsOf(process.pid).find((descendant) =>
    unlessGone(() => readFileSync(`/proc/${descendant}/cmdline`, 'utf8'))?.includes('kafka.Kafka'),
  );
  return pid === undefined ? null : new CpuCount(pid);
}

function descendantsOf(pid: number): number[] {
  const children =
    unlessGone(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
      ?.split(' ')
      .filter((text) => text !== '')
      .map(Number) ?? [];
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function unlessGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
