import { readFileSync } from 'node:fs';

/** What a process that still runs has used since its start. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** Linux gives times to programs in these, whatever its own tick is (proc(5), time(7)). */
const TICKS_PER_SECOND = 100;

export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name stands in parentheses and may contain anything; the state comes after it.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    peakMegabytes: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
  };
}
