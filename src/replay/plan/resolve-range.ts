import { UsageError } from '../../errors.js';
import type { Bound } from '../../kafka/offset-bounds.js';
import type { LogRange } from '../../ports.js';
import type { ReplayBounds } from '../request/replay-bounds.js';

export interface RangeQuestion {
  readonly topic: string;
  readonly bounds: ReplayBounds;
  readonly logs: ReadonlyMap<number, LogRange>;
  /** The first offset at or after a time, by partition. */
  readonly atTime: (timeMs: number) => ReadonlyMap<number, number>;
  /** From where on the live group gives verdicts of its own, null for nowhere; null where that does not matter. */
  readonly livePositions: ReadonlyMap<number, number | null> | null;
  /** Whether bounds outside the log are moved into it. */
  readonly clip: boolean;
}

/** Offsets [from, to) of a partition. */
export interface ReplayRange {
  readonly from: number;
  readonly to: number;
}

/** The offsets of bounds, by partition, empty ranges among them. @throws UsageError where the log does not hold them */
export function resolveRange(question: RangeQuestion): ReadonlyMap<number, ReplayRange> {
  const { bounds, logs, topic } = question;
  const named = 'ranges' in bounds ? [...bounds.ranges.keys()] : [...(bounds.partitions ?? logs.keys())];
  const missing = named.find((partition) => !logs.has(partition));
  if (missing !== undefined)
    throw new UsageError(
      `topic ${topic} has no partition ${missing}: it has ${logs.size}, from 0 to ${logs.size - 1}`,
    );
  return new Map(
    named
      .sort((a, b) => a - b)
      .map((partition) => [partition, new PartitionRange(question, partition).resolve()] as const),
  );
}

/** One partition's part of the question. */
class PartitionRange {
  private readonly log: LogRange;
  private readonly place: string;

  constructor(
    private readonly question: RangeQuestion,
    private readonly partition: number,
  ) {
    this.log = question.logs.get(partition) as LogRange;
    this.place = `topic ${question.topic}, partition ${partition}`;
  }

  resolve(): ReplayRange {
    const { from: fromBound, to: toBound } = this.bounds();
    const from = this.within(fromBound, this.offsetOf(fromBound));
    const to = this.notBeyondLive(toBound, this.within(toBound, this.offsetOf(toBound)));
    if (from > to && !this.question.clip && (isOffset(fromBound) || isOffset(toBound)))
      throw new UsageError(`${this.place}: the range begins at ${from} and ends before it, at ${to}`);
    return { from: Math.min(from, to), to };
  }

  private bounds(): { readonly from: Bound; readonly to: Bound } {
    const { bounds } = this.question;
    if (!('ranges' in bounds)) return bounds;
    const { from = null, to = null } = bounds.ranges.get(this.partition) ?? {};
    return {
      from: from === null ? 'earliest' : { offset: from },
      to: to === null ? 'latest' : { offset: to },
    };
  }

  private offsetOf(bound: Bound): number {
    const { low, high } = this.log;
    if (bound === 'earliest') return low;
    if (bound === 'latest') return high;
    if ('offset' in bound) return bound.offset;
    return Math.min(this.question.atTime(bound.timeMs).get(this.partition) ?? high, high);
  }

  private within(bound: Bound, offset: number): number {
    const { low, high } = this.log;
    const { clip } = this.question;
    if (clip || typeof bound === 'string') return Math.min(Math.max(offset, low), high);
    if (offset > high)
      throw new UsageError(
        `${this.place}: offset ${offset} is past what can be read, which ends at ${high} (a transaction that is still open does not count); --clip replays what there is`,
      );
    if (offset < low)
      throw new UsageError(
        `${this.place}: offset ${offset} is not retained, the log starts at ${low}; --clip replays from there`,
      );
    const { from } = this.bounds();
    if (bound === from && !('offset' in bound) && low > 0 && offset === low)
      throw new UsageError(
        `${this.place}: the log starts at offset ${low}, and events from ${new Date(bound.timeMs).toISOString()} on may have been deleted before it; --clip replays from there`,
      );
    return offset;
  }

  private notBeyondLive(bound: Bound, to: number): number {
    const { livePositions, clip } = this.question;
    const live = livePositions?.get(this.partition) ?? null;
    if (live === null || to <= live) return to;
    if (clip || bound === 'latest') return live;
    throw new UsageError(
      `${this.place}: the live group goes on at ${live}, and gives its own verdicts on what comes before ${to}; end the backfill with --to latest, which stops where the live group is`,
    );
  }
}

function isOffset(bound: Bound): boolean {
  return typeof bound === 'object' && 'offset' in bound;
}
