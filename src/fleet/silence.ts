import { REPORT_INTERVAL_MS, type WorkerReport } from './messages.js';
import { secondsText } from './seconds-text.js';

/** The most that one turn of the supervisor counts: when it was itself stopped or blocked, nobody was silent. */
const TURN_MAX_MS = 2 * REPORT_INTERVAL_MS;
/** A worker that has not reported for this long, or for half of what ends it, is not ready. */
const SILENT_UNREADY_MS = 3000;
/** No worker is ended for less: reports of a busy machine come late. */
const SILENT_MIN_MS = 2000;
/** Until its first report a process loads its program, schema and model. */
const FIRST_REPORT_MS = 60_000;

/** How long nothing has been heard of a process, in time in which its listener was there to hear it. */
export class Silence {
  ms = 0;
  private turnedAtMs: number | null = null;

  heard(): void {
    this.ms = 0;
  }

  /** The listener's event loop has turned. @param nowMs monotonic */
  turned(nowMs: number): void {
    this.ms += Math.min(nowMs - (this.turnedAtMs ?? nowMs), TURN_MAX_MS);
    this.turnedAtMs = nowMs;
  }
}

/** A process as far as its silence is concerned. */
export interface Reporting {
  readonly pid: number | null;
  readonly report: WorkerReport | null;
  readonly silence: Silence;
}

/** What follows from a worker's silence. */
export class SilenceRule {
  private readonly endAfterMs: number;

  constructor(stallTimeoutMs: number) {
    this.endAfterMs = Math.max(stallTimeoutMs, SILENT_MIN_MS);
  }

  /** Whether the process has to be ended. */
  isOver({ report, silence }: Reporting): boolean {
    return silence.ms >= (report === null ? Math.max(this.endAfterMs, FIRST_REPORT_MS) : this.endAfterMs);
  }

  /** Why the worker is not ready, or null. */
  unready({ pid, silence }: Reporting): string | null {
    if (silence.ms < Math.min(SILENT_UNREADY_MS, this.endAfterMs / 2)) return null;
    return `process ${pid} has not reported for ${secondsText(silence.ms)}`;
  }
}
