import type { KafkaAdmin } from '../kafka/admin.js';
import type { CommittedOffset } from '../ports.js';
import { replayGroup, replayIdOf } from './replay-names.js';
import {
  type ReplayCounts,
  type ReplayNote,
  type ReplaySpec,
  NOTHING_DONE,
  addCounts,
  readNote,
} from './replay-note.js';

/** A replay as its group shows it. */
export interface KnownReplay {
  readonly id: string;
  readonly group: string;
  readonly spec: ReplaySpec;
  readonly partitions: readonly ReplayedPartition[];
  /** Of all partitions. */
  readonly done: ReplayCounts;
  /** Offsets that are still to be read. */
  readonly left: number;
  /** Members that its group has. */
  readonly workers: number;
}

export interface ReplayedPartition extends Omit<ReplayNote, 'spec'> {
  readonly partition: number;
  /** The first offset that is not done yet, from `start` to `to`. */
  readonly next: number;
}

/** Every replay of a group that the brokers still know, by id. @throws OutriderError */
export async function knownReplays(
  admin: KafkaAdmin,
  group: string,
  topic: string,
): Promise<readonly KnownReplay[]> {
  const ids = (await admin.groups()).flatMap((name) => replayIdOf(group, name) ?? []);
  const replays = await Promise.all(ids.sort().map((id) => knownReplay(admin, group, topic, id)));
  return replays.filter((replay) => replay !== null);
}

/** @returns null where no such replay has been started, or its group is gone */
export async function knownReplay(
  admin: KafkaAdmin,
  group: string,
  topic: string,
  id: string,
): Promise<KnownReplay | null> {
  const name = replayGroup(group, id);
  return replayOf(id, name, await admin.committed(name, topic), await admin.memberCount(name));
}

/** What a group's offsets say of its replay; null where they say nothing. */
export function replayOf(
  id: string,
  group: string,
  committed: ReadonlyMap<number, CommittedOffset | null>,
  workers: number,
): KnownReplay | null {
  const partitions: ReplayedPartition[] = [];
  let spec: ReplaySpec | null = null;
  for (const [partition, own] of committed) {
    const note = own === null ? null : readNote(own.metadata);
    if (note === null || own === null) continue;
    const { spec: ofPartition, ...rest } = note;
    spec = ofPartition;
    partitions.push({ ...rest, partition, next: own.offset });
  }
  if (spec === null) return null;
  partitions.sort((a, b) => a.partition - b.partition);
  return {
    id,
    group,
    spec,
    partitions,
    done: partitions.map(({ done }) => done).reduce(addCounts, NOTHING_DONE),
    left: partitions.reduce((sum, { next, to }) => sum + Math.max(0, to - next), 0),
    workers,
  };
}

/** How many partitions of a replay its group knows nothing of any more: somebody has deleted their offsets. */
export function missingPartitions({ spec, partitions }: KnownReplay): number {
  return spec.partitions - partitions.length;
}
