import type { CommittedOffset, LogRange } from '../ports.js';
import type { OffsetTarget } from './offset-target.js';

/** What is known of a partition when it is decided where its offset goes. */
export interface MoveSituation {
  readonly partition: number;
  readonly committed: CommittedOffset | null;
  /** What a reader of committed records can read: its end is the last stable offset. */
  readonly range: LogRange;
  /** The first offset at or after the target's time; the end where there is none. Null for other targets. */
  readonly atTime: number | null;
}

export interface OffsetMove {
  readonly partition: number;
  /** Null where the group has no offset. */
  readonly now: number | null;
  /** Null where nothing can be set. */
  readonly next: number | null;
  /** What is odd about it. */
  readonly notes: readonly string[];
}

/** Where a partition's offset goes: within what the log holds, as kafka-consumer-groups.sh does it. */
export function planMove(target: OffsetTarget, situation: MoveSituation): OffsetMove {
  const { partition, committed, range } = situation;
  const now = committed?.offset ?? null;
  const { wanted, notes } = wantedOffset(target, situation);
  if (wanted === null) return { partition, now, next: null, notes };
  if (wanted < range.low) {
    const why = `${wanted} is not in the log, which starts at ${range.low}`;
    return { partition, now, next: range.low, notes: [...notes, why] };
  }
  if (wanted > range.high) {
    const why = `${wanted} is not in the log, which ends at ${range.high}`;
    return { partition, now, next: range.high, notes: [...notes, why] };
  }
  return { partition, now, next: wanted, notes };
}

function wantedOffset(
  target: OffsetTarget,
  { committed, range, atTime }: MoveSituation,
): { readonly wanted: number | null; readonly notes: readonly string[] } {
  const first = committed === null ? ['had no offset'] : [];
  if (target === 'earliest') return { wanted: range.low, notes: first };
  if (target === 'latest') return { wanted: range.high, notes: first };
  if (target === 'current')
    return committed === null
      ? { wanted: range.high, notes: ['had no offset: the end'] }
      : { wanted: committed.offset, notes: [] };
  if ('offset' in target) return { wanted: target.offset, notes: first };
  if ('shiftBy' in target)
    return committed === null
      ? { wanted: null, notes: ['has no offset that could be shifted: left as it is'] }
      : { wanted: committed.offset + target.shiftBy, notes: [] };
  const isPastTheEnd = atTime === null || atTime >= range.high;
  const late = isPastTheEnd && range.high > range.low ? ['no event at or after that time: the end'] : [];
  return { wanted: atTime ?? range.high, notes: [...first, ...late] };
}

/** Of all moves: how many offsets are gone through once more, and how many are never read. */
export function reckonMoves(moves: readonly OffsetMove[]): {
  readonly again: number;
  readonly skipped: number;
} {
  let [again, skipped] = [0, 0];
  for (const { now, next } of moves) {
    if (now === null || next === null) continue;
    if (next < now) again += now - next;
    else skipped += next - now;
  }
  return { again, skipped };
}
