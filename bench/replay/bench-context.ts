import type { Logger } from 'pino';
import type { GroupWatch } from '../peers/group-watch.js';
import type { CpuCount } from './cpu-count.js';

/** What every part measures with. */
export interface BenchContext {
  readonly brokers: readonly string[];
  /** Null where the broker is not this program's own. */
  readonly broker: CpuCount | null;
  readonly watch: GroupWatch;
  readonly log: Logger;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Numbers of the same kind, one of each run. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
}

/** What a part has measured. */
export interface PartResult {
  readonly title: string;
  readonly rows: readonly Row[];
}
