import type { Logger } from 'pino';
import { MissingRemoteError, UsageError } from '../../errors.js';
import type { KafkaAdmin } from '../../kafka/admin.js';
import type { Bound } from '../../kafka/offset-bounds.js';
import { decideStart } from '../../pipeline/start-offset.js';
import type { LogRange } from '../../ports.js';
import { firstTimes } from './first-times.js';
import { replayReadingGroup } from '../replay-names.js';
import type { ReplayRequest } from '../request/replay-request.js';
import { type ReplayRange, resolveRange } from './resolve-range.js';

/** What a replay is to do in a partition. */
export interface PlannedPartition extends ReplayRange {
  readonly partition: number;
  /** The first offset that is read: before `from` where there is a warm-up. */
  readonly start: number;
  /** What the log retains, and where it ends. */
  readonly log: LogRange;
}

export interface PlanningContext {
  readonly admin: KafkaAdmin;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Asks the brokers once what the bounds of a replay are in offsets.
 * @returns the partitions that are asked for, also those in whose range there is nothing
 * @throws UsageError where the log does not hold them
 */
export async function planRanges(
  request: ReplayRequest,
  context: PlanningContext,
): Promise<readonly PlannedPartition[]> {
  const { config, bounds, mode, clip } = request;
  const { topic } = config.input;
  const { admin } = context;
  if (bounds === null)
    throw new UsageError('say what to replay: --from, with or without --to, or --offsets 0:100-900');
  const logs = await logsOf(request, context);
  const times = 'ranges' in bounds ? [] : [bounds.from, bounds.to].flatMap(timeOf);
  const atTimes = new Map<number, ReadonlyMap<number, number>>();
  for (const timeMs of times) atTimes.set(timeMs, await admin.atTime(topic, timeMs));
  const live = mode === 'own' ? null : await livePositions(request, logs, context);
  const ranges = resolveRange({
    topic,
    bounds,
    logs,
    atTime: (timeMs) => atTimes.get(timeMs) ?? new Map<number, number>(),
    livePositions: live,
    clip,
  });
  const starts = await warmStarts(request, ranges, logs, context);
  return [...ranges].map(([partition, range]) => ({
    ...range,
    partition,
    // Where nothing is to be judged there is nothing to warm up for either.
    start: range.from < range.to ? (starts.get(partition) ?? range.from) : range.from,
    log: logs.get(partition) as LogRange,
  }));
}

async function logsOf(
  { config: { input } }: ReplayRequest,
  { admin }: PlanningContext,
): Promise<ReadonlyMap<number, LogRange>> {
  await admin.partitionCount(input.topic);
  return admin.range(input.topic);
}

/**
 * Where the live group goes on, or would begin, by partition; null where it would not begin before somebody says where.
 * @throws OutriderError
 */
async function livePositions(
  { config: { group, input } }: ReplayRequest,
  logs: ReadonlyMap<number, LogRange>,
  { admin }: PlanningContext,
): Promise<ReadonlyMap<number, number | null>> {
  const { topic, startAt, onTruncated } = input;
  const committed = await admin.committed(group, topic);
  const positions = new Map<number, number | null>();
  for (const [partition, range] of logs) {
    const own = committed.get(partition) ?? null;
    if (own !== null) positions.set(partition, own.offset);
    else {
      const atTime = async (timeMs: number): Promise<number> =>
        (await admin.atTime(topic, timeMs)).get(partition) ?? range.high;
      const at = { topic, partition };
      const situation = { at, group, committed, range, isSettled: true, startAt, onTruncated, atTime };
      const start = await decideStart(situation).catch((error: unknown) => {
        if (error instanceof MissingRemoteError) return null;
        throw error;
      });
      positions.set(partition, start?.offset ?? null);
    }
  }
  return positions;
}

async function warmStarts(
  { config, warmUp }: ReplayRequest,
  ranges: ReadonlyMap<number, ReplayRange>,
  logs: ReadonlyMap<number, LogRange>,
  { admin, log, signal }: PlanningContext,
): Promise<ReadonlyMap<number, number>> {
  if (warmUp === null) return new Map();
  const low = (partition: number): number => logs.get(partition)?.low ?? 0;
  const { by } = warmUp;
  if ('events' in by)
    return new Map(
      [...ranges].map(([partition, { from }]) => [partition, Math.max(low(partition), from - by.events)]),
    );
  const { kafka, group, input } = config;
  const reading = { kafka, topic: input.topic, groupPrefix: replayReadingGroup(group), log, signal };
  const starts = new Map<number, number>();
  for (const [partition, timeMs] of await firstTimes(reading, ranges)) {
    const atTime = await admin.atTime(input.topic, Math.max(0, timeMs - by.ms));
    const from = ranges.get(partition)?.from ?? 0;
    starts.set(partition, Math.min(Math.max(atTime.get(partition) ?? from, low(partition)), from));
  }
  return starts;
}

function timeOf(bound: Bound): number[] {
  return typeof bound === 'object' && 'timeMs' in bound ? [bound.timeMs] : [];
}
