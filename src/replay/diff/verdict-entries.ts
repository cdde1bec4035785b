/** What a diff keeps of a record of an anomaly topic. Topic, entity and day are places in tables (key-table.ts). */
export interface VerdictEntry {
  /** Where the event stands. */
  readonly topic: number;
  readonly partition: number;
  readonly offset: number;
  /** Of the verdict: four words of 32 bits. */
  readonly id: Uint32Array;
  /** Ascending with the order of writing within a partition of the anomaly topic. */
  readonly writtenAtMs: number;
  readonly writtenPartition: number;
  readonly writtenOffset: number;
  readonly score: number;
  readonly entity: number;
  readonly day: number;
  /** Takes back the verdict of the same id that was written before it. */
  readonly isRetraction: boolean;
}

/*
 * An entry is nine doubles, and 18 words of 32 bits over the same bytes:
 *   words 0, 1    topic, partition        double 5      writtenOffset
 *   double 1      offset                  double 6      score
 *   words 4 … 7   id                      words 14, 15  writtenPartition, entity
 *   double 4      writtenAtMs             words 16, 17  day, isRetraction
 */
const DOUBLES = 9;
const WORDS = 2 * DOUBLES;
export const ENTRY_BYTES = 8 * DOUBLES;

/** Entries of one size in one stretch of memory: no object for each, and a file takes them as they are. */
export class VerdictEntries {
  readonly bytes: Uint8Array;
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  count = 0;

  constructor(readonly capacity: number) {
    const buffer = new ArrayBuffer(capacity * ENTRY_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /** There has to be room. */
  add(entry: VerdictEntry): void {
    const { doubles, words } = this;
    const [d, w] = [this.count * DOUBLES, this.count * WORDS];
    words[w] = entry.topic;
    words[w + 1] = entry.partition;
    doubles[d + 1] = entry.offset;
    words.set(entry.id, w + 4);
    doubles[d + 4] = entry.writtenAtMs;
    doubles[d + 5] = entry.writtenOffset;
    doubles[d + 6] = entry.score;
    words[w + 14] = entry.writtenPartition;
    words[w + 15] = entry.entity;
    words[w + 16] = entry.day;
    words[w + 17] = entry.isRetraction ? 1 : 0;
    this.count++;
  }

  /** There has to be room. */
  copyFrom(other: VerdictEntries, index: number): void {
    this.set(this.count++, other, index);
  }

  /** By words: a copy of a double may change the bits of a NaN, and ids are no doubles. */
  set(index: number, other: VerdictEntries, otherIndex: number): void {
    const [to, from] = [index * WORDS, otherIndex * WORDS];
    for (let i = 0; i < WORDS; i++) this.words[to + i] = other.words[from + i] as number;
  }

  topic(index: number): number {
    return this.words[index * WORDS] as number;
  }

  partition(index: number): number {
    return this.words[index * WORDS + 1] as number;
  }

  offset(index: number): number {
    return this.doubles[index * DOUBLES + 1] as number;
  }

  score(index: number): number {
    return this.doubles[index * DOUBLES + 6] as number;
  }

  entity(index: number): number {
    return this.words[index * WORDS + 15] as number;
  }

  day(index: number): number {
    return this.words[index * WORDS + 16] as number;
  }

  isRetraction(index: number): boolean {
    return this.words[index * WORDS + 17] === 1;
  }
}

/** By source position. @returns below 0, 0 or above 0 */
export function comparePlaces(a: VerdictEntries, i: number, b: VerdictEntries, j: number): number {
  const [v, w] = [i * WORDS, j * WORDS];
  return (
    (a.words[v] as number) - (b.words[w] as number) ||
    (a.words[v + 1] as number) - (b.words[w + 1] as number) ||
    (a.doubles[i * DOUBLES + 1] as number) - (b.doubles[j * DOUBLES + 1] as number)
  );
}

export function compareIds(a: VerdictEntries, i: number, b: VerdictEntries, j: number): number {
  const [v, w] = [i * WORDS, j * WORDS];
  for (let word = 4; word < 8; word++) {
    const difference = (a.words[v + word] as number) - (b.words[w + word] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** By the order of writing. */
export function compareWriting(a: VerdictEntries, i: number, b: VerdictEntries, j: number): number {
  const [d, e] = [i * DOUBLES, j * DOUBLES];
  return (
    (a.doubles[d + 4] as number) - (b.doubles[e + 4] as number) ||
    (a.words[i * WORDS + 14] as number) - (b.words[j * WORDS + 14] as number) ||
    (a.doubles[d + 5] as number) - (b.doubles[e + 5] as number)
  );
}

/** By source position, then by id, then by the order of writing: what belongs together stands together. */
export function compareEntries(a: VerdictEntries, i: number, b: VerdictEntries, j: number): number {
  return comparePlaces(a, i, b, j) || compareIds(a, i, b, j) || compareWriting(a, i, b, j);
}
