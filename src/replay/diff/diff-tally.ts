import { KeyTable, OTHERS } from './key-table.js';
import type { VerdictEntries } from './verdict-entries.js';

export type Outcome = 'added' | 'removed' | 'changed' | 'same';

export interface DiffCounts {
  /** Positions on which only B has a verdict. */
  readonly added: number;
  /** Positions on which only A has one. */
  readonly removed: number;
  /** Both have one, and the scores differ by more than the tolerance. */
  readonly changed: number;
  readonly same: number;
}

export interface DiffExample {
  readonly outcome: Exclude<Outcome, 'same'>;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Undefined where it is one of the entities that are counted together. */
  readonly entity: string | null | undefined;
  readonly scoreA: number | null;
  readonly scoreB: number | null;
}

/** Counts of one key. */
export interface KeyCounts<Key> extends DiffCounts {
  readonly key: Key;
}

const OUTCOMES = ['added', 'removed', 'changed', 'same'] as const;

/** What verdicts are grouped by. The first 100,000 entities and 10,000 days that are met have counts of their own. */
export class DiffTables {
  readonly topics = new KeyTable<string>({ keysMax: 10_000, charsMax: 10_000 * TOPIC_CHARS_MAX });
  readonly entities = new KeyTable<string | null>({ keysMax: 100_000, charsMax: 16_777_216 });
  /** Days since 1970-01-01, UTC. */
  readonly days = new KeyTable<number>({ keysMax: 10_000, charsMax: 0 });
}

/** Of a Kafka topic's name. */
export const TOPIC_CHARS_MAX = 249;

/** Counts differences, and keeps the first of them. */
export class DiffTally {
  readonly examples: DiffExample[] = [];
  /** The largest difference of two scores, within the tolerance or not. */
  largestChange = 0;
  private readonly total = new Counts();
  private readonly byEntity = new Counts();
  private readonly byDay = new Counts();

  constructor(
    private readonly tables: DiffTables,
    private readonly tolerance: number,
    private readonly examplesMax: number,
  ) {}

  /** A verdict of A and one of B on the same event; null for the side that has none. */
  add(a: { entries: VerdictEntries; at: number } | null, b: typeof a): void {
    const shown = b ?? a;
    if (shown === null) return;
    const { entries, at } = shown;
    const scoreA = a === null ? null : a.entries.score(a.at);
    const scoreB = b === null ? null : b.entries.score(b.at);
    const outcome = this.outcomeOf(scoreA, scoreB);
    const column = OUTCOMES.indexOf(outcome);
    this.total.add(0, column);
    this.byEntity.add(entries.entity(at), column);
    this.byDay.add(entries.day(at), column);
    if (outcome === 'same' || this.examples.length >= this.examplesMax) return;
    this.examples.push({
      outcome,
      topic: this.tables.topics.keyAt(entries.topic(at)) ?? '',
      partition: entries.partition(at),
      offset: entries.offset(at),
      entity: this.tables.entities.keyAt(entries.entity(at)),
      scoreA,
      scoreB,
    });
  }

  get counts(): DiffCounts {
    return this.total.at(0);
  }

  /** Most differences first, then by name. */
  get entities(): readonly KeyCounts<string | null>[] {
    return listed(this.byEntity, this.tables.entities).sort(
      (a, b) => differences(b) - differences(a) || ((a.key ?? '') < (b.key ?? '') ? -1 : 1),
    );
  }

  /** All entities without counts of their own together. */
  get otherEntities(): DiffCounts {
    return this.byEntity.at(OTHERS);
  }

  /** In their order. */
  get days(): readonly KeyCounts<number>[] {
    return listed(this.byDay, this.tables.days).sort((a, b) => a.key - b.key);
  }

  get otherDays(): DiffCounts {
    return this.byDay.at(OTHERS);
  }

  private outcomeOf(scoreA: number | null, scoreB: number | null): Outcome {
    if (scoreA === null) return 'added';
    if (scoreB === null) return 'removed';
    const change = Math.abs(scoreA - scoreB);
    this.largestChange = Math.max(this.largestChange, change);
    return change > this.tolerance ? 'changed' : 'same';
  }
}

export function differences({ added, removed, changed }: DiffCounts): number {
  return added + removed + changed;
}

export function verdictsOf(counts: DiffCounts): number {
  return differences(counts) + counts.same;
}

function listed<Key extends string | number | null>(counts: Counts, keys: KeyTable<Key>): KeyCounts<Key>[] {
  return Array.from({ length: keys.size }, (_, i) => ({
    key: keys.keyAt(i + 1) as Key,
    ...counts.at(i + 1),
  })).filter((each) => verdictsOf(each) > 0);
}

/** A row of four counts for each place. */
class Counts {
  private rows = new Float64Array(16 * OUTCOMES.length);

  add(row: number, column: number): void {
    const at = row * OUTCOMES.length + column;
    if (at >= this.rows.length) {
      const larger = new Float64Array(2 * (row + 1) * OUTCOMES.length);
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows[at] = (this.rows[at] as number) + 1;
  }

  at(row: number): DiffCounts {
    const [added = 0, removed = 0, changed = 0, same = 0] = this.rows.subarray(
      row * OUTCOMES.length,
      (row + 1) * OUTCOMES.length,
    );
    return { added, removed, changed, same };
  }
}
