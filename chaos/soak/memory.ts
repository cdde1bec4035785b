import { residentBytes } from '../children.js';

interface Sample {
  readonly seconds: number;
  readonly bytes: number;
}

/** What one process took over its life. */
export interface MemoryLine {
  readonly name: string;
  readonly pid: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
  /** Least squares over its samples after the warm-up; null when it did not live long enough. */
  readonly megabytesPerMinute: number | null;
}

const MEGABYTE = 2 ** 20;
/** Loading code, compiling it and filling buffers for the first time is not growth. */
const WARM_UP_SECONDS = 15;
const SLOPE_SAMPLES_MIN = 20;

/** Resident memory of processes, sampled as often as it is called. */
export class MemoryWatch {
  private readonly samples = new Map<number, { name: string; samples: Sample[] }>();

  /** @param residentOf resident memory of a process in bytes; null when it is gone */
  constructor(private readonly residentOf: (pid: number) => number | null = residentBytes) {}

  sample(name: string, pid: number, seconds: number): void {
    const bytes = this.residentOf(pid);
    if (bytes === null) return;
    const line = this.samples.get(pid) ?? { name, samples: [] };
    this.samples.set(pid, line);
    line.samples.push({ seconds, bytes });
  }

  lines(): MemoryLine[] {
    return [...this.samples].map(([pid, { name, samples }]) => {
      const first = samples[0]?.seconds ?? 0;
      const settled = samples.filter(({ seconds }) => seconds - first >= WARM_UP_SECONDS);
      return {
        name,
        pid,
        seconds: Math.round((samples.at(-1)?.seconds ?? 0) - first),
        peakMegabytes: Math.max(...samples.map(({ bytes }) => bytes)) / MEGABYTE,
        megabytesPerMinute: settled.length < SLOPE_SAMPLES_MIN ? null : slope(settled) * (60 / MEGABYTE),
      };
    });
  }

  /** How the peaks of processes of this name grow from the first to the last of them. @returns megabytes per minute */
  drift(name: string): number | null {
    const peaks = [...this.samples.values()]
      .filter((line) => line.name === name && line.samples.length >= SLOPE_SAMPLES_MIN)
      .map(({ samples }) => ({
        seconds: samples[0]?.seconds ?? 0,
        bytes: Math.max(...samples.map(({ bytes }) => bytes)),
      }));
    return peaks.length < 3 ? null : slope(peaks) * (60 / MEGABYTE);
  }
}

/** @returns bytes per second */
function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ seconds }) => seconds), mean(({ bytes }) => bytes)];
  const covariance = mean(({ seconds, bytes }) => (seconds - x) * (bytes - y));
  const variance = mean(({ seconds }) => (seconds - x) ** 2);
  return variance === 0 ? 0 : covariance / variance;
}
