import { setTimeout as delay } from 'node:timers/promises';
import { StalledError } from '../errors.js';
import type { EndsByPartition } from '../kafka/log-ends.js';
import type { TaskStatus } from '../pipeline/task-context.js';
import { secondsText } from './seconds-text.js';

/** A worker at one moment, as its watch sees it. */
export interface WorkerSight {
  /** A batch waits for the schema registry, and holds up what its broker would be asked for next: no stall. */
  readonly waiting: boolean;
  /** In the group, and the group does not rebalance. */
  readonly inGroup: boolean;
  /** Heartbeats and joins that the group has accepted so far. */
  readonly heartbeats: number;
  readonly partitions: readonly TaskStatus[];
}

/** Times in ms. */
export interface StallWatchOptions {
  readonly topic: string;
  readonly group: string;
  /** A partition that lags may stand still for this long. */
  readonly stallTimeoutMs: number;
  /** Taking a partition over may last this long: a coordinator that just starts is slow, and not hung. */
  readonly takeOverTimeoutMs: number;
  /** The group may go without a join or a heartbeat of this member for this long. */
  readonly joinTimeoutMs: number;
  /** What is read is committed within this, when all is well. */
  readonly commitIntervalMs: number;
  /** The most that one look may count, however long the process itself stood still. */
  readonly countedMaxMs: number;
  /** Monotonic. */
  readonly now: () => number;
  readonly sight: () => WorkerSight;
  /** Without the partitions whose leader does not answer; null when no broker does. */
  readonly ends: () => Promise<EndsByPartition | null>;
}

/** How long a partition has been standing still, as far as its leader answered. */
interface Stillness {
  readonly position: number | null;
  readonly committed: number | null;
  /** Neither position nor committed offset moved, although there is something to read or the fence is not through. */
  readonly stillMs: number;
  /** The committed offset did not move, although there is something to commit. */
  readonly uncommittedMs: number;
  /** Since when its leader has not answered and it has not moved; null otherwise. */
  readonly unansweredSinceMs: number | null;
}

/** What one look counts. */
interface Look {
  readonly nowMs: number;
  /** Since the last look, as far as it counts; null while something waits for the schema registry. */
  readonly readingMs: number | null;
  /** The same for taking over, which waits for no registry. */
  readonly takingOverMs: number;
}

/** Partitions that are named in one reason. */
const NAMED_MAX = 8;

const LOOK_INTERVAL_MAX_MS = 5000;
const LOOK_INTERVAL_MIN_MS = 50;

/** How often a worker looks at itself. */
export function lookIntervalMs(stallTimeoutMs: number): number {
  return Math.max(LOOK_INTERVAL_MIN_MS, Math.min(LOOK_INTERVAL_MAX_MS, Math.floor(stallTimeoutMs / 4)));
}

/**
 * Looks whether a worker is in its group and its partitions move. What fetches say is not believed: a fetch loop that
 * died says nothing, and the lag looks like none. So the brokers are asked where the log ends, whenever something stood
 * still since the last look. Time in which no broker answers counts to nothing: a new process could not help. Time in
 * which a partition's leader does not answer does not count to that partition: nobody can know whether it lags. Nor do
 * a rebalance, up to joinTimeoutMs, the time in which the process was stopped, and, for the partitions that are running,
 * a batch that waits for the schema registry: kafkajs fetches from its broker again only when it is through. A partition
 * before a batch that cannot be read ends there, as far as this goes.
 */
export class StallWatch {
  private lookedAtMs: number;
  private heartbeats = 0;
  private unheardMs = 0;
  private unansweredSinceMs: number | null = null;
  private readonly partitions = new Map<number, Stillness>();

  constructor(private readonly options: StallWatchOptions) {
    this.lookedAtMs = options.now();
  }

  /** Looks again and again until there is a stall. @returns null when the signal aborts */
  async run(signal: AbortSignal): Promise<StalledError | null> {
    const intervalMs = lookIntervalMs(this.options.stallTimeoutMs);
    while (!signal.aborted) {
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) break;
      const stall = await this.look();
      if (stall !== null) return stall;
    }
    return null;
  }

  /** Whose answer is missing to know whether the worker moves; null when none is. */
  get waiting(): string | null {
    const { topic, now } = this.options;
    const since = (sinceMs: number): string => secondsText(now() - sinceMs);
    if (this.unansweredSinceMs !== null) return `no broker has answered for ${since(this.unansweredSinceMs)}`;
    const silent = [...this.partitions].flatMap(([partition, { unansweredSinceMs }]) =>
      unansweredSinceMs === null ? [] : [{ partition, unansweredSinceMs }],
    );
    if (silent.length === 0) return null;
    const names = silent.map(({ partition }) => partition).sort((a, b) => a - b);
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
    const [which, whose] = names.length === 1 ? ['partition', 'the leader'] : ['partitions', 'their leaders'];
    const forText = since(Math.min(...silent.map(({ unansweredSinceMs }) => unansweredSinceMs)));
    return `topic ${topic}, ${which} ${names.slice(0, NAMED_MAX).join(', ')}${more}: no answer from ${whose} for ${forText}`;
  }

  /** One look. @returns the first stall that it finds, or null */
  async look(): Promise<StalledError | null> {
    const { now, sight: see, ends: ask, countedMaxMs } = this.options;
    const sight = see();
    const elapsedMs = Math.min(now() - this.lookedAtMs, countedMaxMs);
    this.lookedAtMs = now();
    if (this.allMoved(sight)) return this.startAgain(sight);
    const ends = await ask();
    if (ends === null) {
      this.unansweredSinceMs ??= this.lookedAtMs;
      return null;
    }
    this.unansweredSinceMs = null;
    return this.membershipStall(sight, elapsedMs) ?? this.partitionStall(sight, ends, elapsedMs);
  }

  private allMoved({ heartbeats, partitions }: WorkerSight): boolean {
    return (
      heartbeats !== this.heartbeats &&
      partitions.every(({ partition, state, committed }) => {
        const last = this.partitions.get(partition);
        return state === 'running' && last !== undefined && committed !== last.committed;
      })
    );
  }

  /** All is well: nothing counts so far. */
  private startAgain({ heartbeats, partitions }: WorkerSight): null {
    this.unansweredSinceMs = null;
    this.heartbeats = heartbeats;
    this.unheardMs = 0;
    this.partitions.clear();
    for (const { partition, position, committed } of partitions)
      this.partitions.set(partition, {
        position,
        committed,
        stillMs: 0,
        uncommittedMs: 0,
        unansweredSinceMs: null,
      });
    return null;
  }

  private membershipStall({ heartbeats }: WorkerSight, elapsedMs: number): StalledError | null {
    const { group, joinTimeoutMs } = this.options;
    this.unheardMs = heartbeats === this.heartbeats ? this.unheardMs + elapsedMs : 0;
    this.heartbeats = heartbeats;
    if (this.unheardMs < joinTimeoutMs) return null;
    const what = heartbeats === 0 ? 'not joined' : 'no heartbeat was accepted, nor a join,';
    return new StalledError('not-joined', `group ${group}: ${what} for ${secondsText(this.unheardMs)}`);
  }

  private partitionStall(
    { inGroup, waiting, partitions }: WorkerSight,
    ends: EndsByPartition,
    elapsedMs: number,
  ): StalledError | null {
    const owned = new Set(partitions.map(({ partition }) => partition));
    for (const partition of this.partitions.keys())
      if (!owned.has(partition)) this.partitions.delete(partition);
    const takingOverMs = inGroup ? elapsedMs : 0;
    const look = { nowMs: this.lookedAtMs, takingOverMs, readingMs: waiting ? null : takingOverMs };
    let found: StalledError | null = null;
    for (const status of partitions) {
      const end = ends.get(status.partition) ?? null;
      const last = this.partitions.get(status.partition);
      const stillness = end === null ? unanswered(last, status, look) : after(last, status, end, look);
      this.partitions.set(status.partition, stillness);
      if (end !== null) found ??= this.stallOf(status, stillness, end);
    }
    return found;
  }

  private stallOf(
    { partition, state, position, committed }: TaskStatus,
    { stillMs, uncommittedMs }: Stillness,
    end: number,
  ): StalledError | null {
    const { topic, stallTimeoutMs, takeOverTimeoutMs, commitIntervalMs } = this.options;
    const at = `topic ${topic}, partition ${partition}`;
    const where = `position ${position ?? 'unknown'}, committed ${committed ?? 'unknown'}, end ${end}`;
    if (stillMs >= (state === 'fencing' ? takeOverTimeoutMs : stallTimeoutMs)) {
      const what =
        state === 'fencing'
          ? 'taking it over has not come to an end'
          : `it has a lag of ${end - (position ?? 0)} and has not moved`;
      return new StalledError(
        'not-moving',
        `${at}: ${what} for ${secondsText(stillMs)} (${state}, ${where})`,
      );
    }
    if (uncommittedMs < stallTimeoutMs + commitIntervalMs) return null;
    return new StalledError(
      'not-moving',
      `${at}: it has a lag of ${end - (committed ?? 0)} and nothing was committed for ${secondsText(uncommittedMs)} (${state}, ${where})`,
    );
  }
}

function after(
  last: Stillness | undefined,
  { state, position, committed, unreadable, end: taskEnd }: TaskStatus,
  logEnd: number,
  { readingMs, takingOverMs }: Look,
): Stillness {
  const sameCommitted = last?.committed === committed;
  const { stillMs: countedStill = 0, uncommittedMs: countedUncommitted = 0 } = last ?? {};
  const standsStill = sameCommitted && last?.position === position;
  const end = taskEnd === null ? logEnd : Math.min(taskEnd, logEnd);
  // Before a batch that cannot be read a new process would stand as well.
  const toBeRead = unreadable === null ? end : (position ?? end);
  const hasToRead = state === 'running' && (position === null || toBeRead > position);
  const hasToCommit = state !== 'released' && committed !== null && toBeRead > committed;
  const stillForMs = state === 'fencing' ? takingOverMs : hasToRead ? readingMs : null;
  return {
    position,
    committed,
    stillMs: standsStill && stillForMs !== null ? countedStill + stillForMs : 0,
    uncommittedMs: sameCommitted && hasToCommit && readingMs !== null ? countedUncommitted + readingMs : 0,
    unansweredSinceMs: null,
  };
}

/** The same where the partition's leader does not say where it ends: what was counted stands while nothing moves. */
function unanswered(
  last: Stillness | undefined,
  { position, committed }: TaskStatus,
  { nowMs }: Look,
): Stillness {
  const moved = last !== undefined && (last.committed !== committed || last.position !== position);
  return {
    position,
    committed,
    stillMs: moved ? 0 : (last?.stillMs ?? 0),
    uncommittedMs: last?.committed === committed ? last.uncommittedMs : 0,
    unansweredSinceMs: moved ? null : (last?.unansweredSinceMs ?? nowMs),
  };
}
