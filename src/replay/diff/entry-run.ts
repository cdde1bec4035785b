import type { FileHandle } from 'node:fs/promises';
import type { EntrySource } from './merge-entries.js';
import type { SpillFolder } from './spill-folder.js';
import { ENTRY_BYTES, VerdictEntries } from './verdict-entries.js';

/** Sorted entries in a file. */
export interface EntryRun {
  readonly path: string;
  readonly entries: number;
  /** How often they were merged: runs of one level are about as long. */
  readonly level: number;
}

export async function writeRun(
  folder: SpillFolder,
  level: number,
  blocks: Iterable<VerdictEntries> | AsyncIterable<VerdictEntries>,
): Promise<EntryRun> {
  const { path, handle } = await folder.create();
  let entries = 0;
  try {
    for await (const { bytes, count } of blocks) {
      // Unlike `write` it does not leave anything over.
      await folder.using(() => handle.writeFile(bytes.subarray(0, count * ENTRY_BYTES)));
      entries += count;
    }
  } finally {
    await folder.using(() => handle.close());
  }
  return { path, entries, level };
}

/** Reads a run from its start. */
export class RunSource implements EntrySource, AsyncDisposable {
  readonly entries: VerdictEntries;
  private handle: FileHandle | null = null;
  private position = 0;

  constructor(
    private readonly folder: SpillFolder,
    private readonly run: EntryRun,
    blockEntries: number,
  ) {
    this.entries = new VerdictEntries(Math.min(blockEntries, Math.max(1, run.entries)));
  }

  async refill(): Promise<boolean> {
    this.handle ??= await this.folder.open(this.run.path);
    const { handle, entries } = this;
    const left = this.run.entries * ENTRY_BYTES - this.position;
    const wanted = Math.min(left, entries.bytes.length);
    for (let done = 0; done < wanted;) {
      const { bytesRead } = await this.folder.using(() =>
        handle.read(entries.bytes, done, wanted - done, this.position),
      );
      if (bytesRead === 0) throw new Error(`${this.run.path} ends at ${this.position}`);
      done += bytesRead;
      this.position += bytesRead;
    }
    entries.count = wanted / ENTRY_BYTES;
    return wanted > 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle?.close();
    this.handle = null;
  }
}
