import { type EntryRun, RunSource, writeRun } from './entry-run.js';
import { BLOCK_ENTRIES, type EntrySource, mergeEntries } from './merge-entries.js';
import type { SpillFolder } from './spill-folder.js';
import { type VerdictEntry, VerdictEntries, compareEntries } from './verdict-entries.js';

export interface SorterLimits {
  /** Entries of 72 bytes that are sorted in memory. */
  readonly entriesInMemoryMax: number;
  /** Files that are read at the same time. */
  readonly runsMergedMax: number;
  /** Entries that are read of a file, or handed on, at a time. */
  readonly blockEntries: number;
}

/** 18 MiB, and 18 MiB for up to 64 files: 16 million entries are written once, a thousand million twice. */
export const SORTER_LIMITS: SorterLimits = {
  entriesInMemoryMax: 262_144,
  runsMergedMax: 64,
  blockEntries: BLOCK_ENTRIES,
};

const CAPACITY_FIRST = 4096;

/** Sorts any number of entries in bounded memory: what does not fit goes to sorted files, which are merged. */
export class EntrySorter {
  private entries: VerdictEntries;
  private runs: EntryRun[] = [];
  private written = 0;

  constructor(
    private readonly folder: SpillFolder,
    private readonly limits: SorterLimits = SORTER_LIMITS,
  ) {
    this.entries = new VerdictEntries(Math.min(CAPACITY_FIRST, limits.entriesInMemoryMax));
  }

  /** Entries that were added. */
  get count(): number {
    return this.written + this.entries.count;
  }

  /** Asks for `spill` before the next entry. */
  get isFull(): boolean {
    return this.entries.count >= this.limits.entriesInMemoryMax;
  }

  add(entry: VerdictEntry): void {
    if (this.entries.isFull) this.grow();
    this.entries.add(entry);
  }

  /** Writes what is in memory to a file. @throws UnusableFileError */
  async spill(): Promise<void> {
    const source = new MemorySource(this.entries, this.limits.blockEntries);
    this.written += this.entries.count;
    this.runs.push(await writeRun(this.folder, 0, mergeEntries([source], this.limits.blockEntries)));
    this.entries.count = 0;
    await this.mergeLevels();
  }

  /**
   * Everything that was added, in its order; to be asked for once.
   * @returns blocks of entries; a block is used again for the next one
   * @throws UnusableFileError
   */
  async *sorted(): AsyncGenerator<VerdictEntries> {
    const { runsMergedMax, blockEntries } = this.limits;
    while (this.runs.length > runsMergedMax) {
      this.runs.sort((a, b) => a.entries - b.entries);
      await this.mergeRuns(this.runs.slice(0, runsMergedMax));
    }
    const memory = new MemorySource(this.entries, blockEntries);
    yield* this.merged(this.runs, [memory]);
  }

  /** As many runs of one level as may be read at once become one of the next. */
  private async mergeLevels(): Promise<void> {
    for (let level = 0; ; level++) {
      const alike = this.runs.filter((run) => run.level === level);
      if (alike.length < this.limits.runsMergedMax) return;
      await this.mergeRuns(alike);
    }
  }

  private async mergeRuns(runs: readonly EntryRun[]): Promise<void> {
    const level = 1 + Math.max(...runs.map((run) => run.level));
    const merged = await writeRun(this.folder, level, this.merged(runs, []));
    this.runs = [...this.runs.filter((run) => !runs.includes(run)), merged];
    for (const { path } of runs) await this.folder.remove(path);
  }

  private async *merged(
    runs: readonly EntryRun[],
    others: readonly EntrySource[],
  ): AsyncGenerator<VerdictEntries> {
    const sources = runs.map((run) => new RunSource(this.folder, run, this.limits.blockEntries));
    try {
      yield* mergeEntries([...sources, ...others], this.limits.blockEntries);
    } finally {
      for (const source of sources) await source[Symbol.asyncDispose]();
    }
  }

  private grow(): void {
    const { entries } = this;
    this.entries = new VerdictEntries(Math.min(entries.capacity * 2, this.limits.entriesInMemoryMax));
    this.entries.bytes.set(entries.bytes);
    this.entries.count = entries.count;
  }
}

/** Entries in memory, in their order. */
class MemorySource implements EntrySource {
  readonly entries: VerdictEntries;
  private readonly order: Uint32Array;
  private at = 0;

  constructor(
    private readonly unsorted: VerdictEntries,
    blockEntries: number,
  ) {
    this.entries = new VerdictEntries(blockEntries);
    this.order = Uint32Array.from({ length: unsorted.count }, (_, index) => index).sort((i, j) =>
      compareEntries(unsorted, i, unsorted, j),
    );
  }

  refill(): Promise<boolean> {
    const { entries, order, unsorted } = this;
    entries.count = 0;
    while (this.at < order.length && !entries.isFull) entries.copyFrom(unsorted, order[this.at++] as number);
    return Promise.resolve(entries.count > 0);
  }
}
