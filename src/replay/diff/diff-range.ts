import { UsageError } from '../../errors.js';
import type { KafkaAdmin } from '../../kafka/admin.js';
import type { Bound } from '../../kafka/offset-bounds.js';
import type { KnownReplay } from '../known-replays.js';
import type { OffsetRange } from '../request/partition-ranges.js';
import { EVERYTHING, type SourceRange, intersection } from './source-range.js';

/** What of two topics is compared, as it was asked for; null where nothing was said. */
export interface WantedRange {
  readonly from: Bound | null;
  readonly to: Bound | null;
  readonly offsets: ReadonlyMap<number, OffsetRange> | null;
  readonly partitions: ReadonlySet<number> | null;
}

/**
 * The events whose verdicts are compared: of all that was asked for, and of each replay what it has done. Times need the
 * input topic; offsets stay as they are, because verdicts outlive their events.
 * @param inputTopic null without a configuration
 * @throws UsageError, OutriderError
 */
export async function diffRange(
  wanted: WantedRange,
  replays: readonly KnownReplay[],
  admin: KafkaAdmin,
  inputTopic: string | null,
): Promise<SourceRange> {
  const { from, to, offsets, partitions } = wanted;
  if (offsets !== null && (from !== null || to !== null))
    throw new UsageError('--offsets says where each partition starts and ends: leave --from and --to out');
  await refuseUnknown([...(offsets?.keys() ?? []), ...(partitions ?? [])], admin, inputTopic);
  const ranges = [
    between(await limitOf(from, admin, inputTopic), await limitOf(to, admin, inputTopic)),
    offsets === null ? EVERYTHING : { partitions: offsets, rest: null },
    partitions === null ? EVERYTHING : { partitions: wholly(partitions), rest: null },
    ...replays.map(doneBy),
  ];
  return ranges.reduce(intersection);
}

/** A partition that was mistyped would differ in nothing. @throws UsageError */
async function refuseUnknown(
  named: readonly number[],
  admin: KafkaAdmin,
  inputTopic: string | null,
): Promise<void> {
  if (inputTopic === null || named.length === 0) return;
  // Verdicts outlive their topic as well.
  const count = (await admin.partitionCounts([inputTopic])).get(inputTopic) ?? Infinity;
  const unknown = named.find((partition) => partition >= count);
  if (unknown !== undefined)
    throw new UsageError(
      `topic ${inputTopic} has no partition ${unknown}: it has ${count}, from 0 to ${count - 1}`,
    );
}

/** A limit of offsets by partition, or the same for all; null for none. */
type Limit = ReadonlyMap<number, number> | number | null;

async function limitOf(bound: Bound | null, admin: KafkaAdmin, inputTopic: string | null): Promise<Limit> {
  if (bound === null || typeof bound === 'string') return null;
  if ('offset' in bound) return bound.offset;
  if (inputTopic === null)
    throw new UsageError(
      'a time is looked up in the input topic: name a configuration with --config, or give an offset',
    );
  await admin.partitionCount(inputTopic);
  return admin.atTime(inputTopic, bound.timeMs);
}

/** @throws UsageError where all of it lies the wrong way round */
function between(from: Limit, to: Limit): SourceRange {
  const keys = new Set([from, to].flatMap((limit) => (isByPartition(limit) ? [...limit.keys()] : [])));
  const at = (partition: number): OffsetRange => ({
    from: limitAt(from, partition),
    to: limitAt(to, partition),
  });
  const partitions = new Map([...keys].map((partition) => [partition, at(partition)]));
  // Of a partition that the input topic does not have no time is known.
  const rest = keys.size === 0 ? at(-1) : null;
  const all = rest === null ? [...partitions.values()] : [rest];
  if (all.every((range) => range.from !== null && range.to !== null && range.from > range.to))
    throw new UsageError('--from is after --to');
  return { partitions, rest };
}

function limitAt(limit: Limit, partition: number): number | null {
  return isByPartition(limit) ? (limit.get(partition) ?? null) : limit;
}

function isByPartition(limit: Limit): limit is ReadonlyMap<number, number> {
  return typeof limit === 'object' && limit !== null;
}

function wholly(partitions: ReadonlySet<number>): ReadonlyMap<number, OffsetRange> {
  return new Map([...partitions].map((partition) => [partition, { from: null, to: null }]));
}

function doneBy({ partitions }: KnownReplay): SourceRange {
  return {
    partitions: new Map(
      partitions.map(({ partition, from, to, next }) => [
        partition,
        { from, to: Math.max(from, Math.min(next, to)) },
      ]),
    ),
    rest: null,
  };
}
