/** Sorting in bounded memory: whatever comes, in whatever order, comes back in its order, and no file stays. */
import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { UnusableFileError } from '../../src/errors.js';
import { EntrySorter, type SorterLimits } from '../../src/replay/diff/entry-sorter.js';
import { SpillFolder } from '../../src/replay/diff/spill-folder.js';
import type { VerdictEntries, VerdictEntry } from '../../src/replay/diff/verdict-entries.js';

const word = fc.integer({ min: 0, max: 0xffffffff });
const few = fc.integer({ min: 0, max: 2 });
const entry = fc.record({
  topic: few,
  partition: fc.oneof(few, word),
  offset: fc.oneof(few, fc.maxSafeNat()),
  id: fc.tuple(few, few, few, word).map((words) => Uint32Array.from(words)),
  writtenAtMs: fc.oneof(few, fc.maxSafeNat()),
  writtenPartition: few,
  writtenOffset: fc.maxSafeNat(),
  score: fc.double({ noNaN: true, noDefaultInfinity: true }),
  entity: word,
  day: word,
  isRetraction: fc.boolean(),
});
const tiny: fc.Arbitrary<SorterLimits> = fc.record({
  entriesInMemoryMax: fc.integer({ min: 1, max: 6 }),
  runsMergedMax: fc.integer({ min: 2, max: 4 }),
  blockEntries: fc.integer({ min: 1, max: 5 }),
});

test('entries come back in order, whatever goes to files and however often these are merged', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'outrider-sorter-test-'));
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 80, size: 'max' }), tiny, async (entries, limits) => {
        const most = await check(entries, limits, parent);
        assert.ok(most <= limits.entriesInMemoryMax, `${most} in memory`);
        assert.ok(WatchedFolder.openMost <= limits.runsMergedMax, `${WatchedFolder.openMost} open`);
        assert.deepEqual(readdirSync(parent), []);
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(parent, { recursive: true });
  }
});

/** Sees how many files are open to be read. */
class WatchedFolder extends SpillFolder {
  static openMost = 0;
  private openNow = 0;

  override async open(path: string): Promise<FileHandle> {
    const handle = await super.open(path);
    // It is one (Node's documentation of FileHandle), which its types do not say.
    (handle as unknown as EventEmitter).once('close', () => this.openNow--);
    WatchedFolder.openMost = Math.max(WatchedFolder.openMost, ++this.openNow);
    return handle;
  }
}

/** @returns how many entries were in memory at most */
async function check(
  entries: readonly VerdictEntry[],
  limits: SorterLimits,
  parent: string,
): Promise<number> {
  WatchedFolder.openMost = 0;
  await using folder = new WatchedFolder(parent);
  const sorter = new EntrySorter(folder, limits);
  let [inMemory, most, files] = [0, 0, 0];
  for (const each of entries) {
    if (sorter.isFull) {
      await sorter.spill();
      inMemory = 0;
      files = Math.max(files, readdirSync(parent).flatMap((made) => readdirSync(join(parent, made))).length);
    }
    sorter.add(each);
    most = Math.max(most, ++inMemory);
  }
  assert.equal(sorter.count, entries.length);
  // Of each level fewer than are merged.
  const levels = Math.ceil(Math.log2(1 + entries.length)) + 1;
  assert.ok(files <= levels * limits.runsMergedMax, `${files} files`);
  const sorted: string[] = [];
  for await (const block of sorter.sorted()) {
    assert.ok(block.count > 0 && block.count <= limits.blockEntries);
    sorted.push(...texts(block));
  }
  assert.deepEqual(sorted, [...entries].sort(inOrder).map(text));
  return most;
}

function inOrder(a: VerdictEntry, b: VerdictEntry): number {
  const keys = (each: VerdictEntry): number[] => [
    each.topic,
    each.partition,
    each.offset,
    ...each.id,
    each.writtenAtMs,
    each.writtenPartition,
    each.writtenOffset,
  ];
  const [left, right] = [keys(a), keys(b)];
  const at = left.findIndex((key, i) => key !== right[i]);
  return at < 0 ? 0 : (left[at] as number) - (right[at] as number);
}

function text({ id: _id, writtenAtMs: _at, writtenPartition: _p, writtenOffset: _o, ...rest }: VerdictEntry) {
  return JSON.stringify([
    rest.topic,
    rest.partition,
    rest.offset,
    String(rest.score),
    rest.entity,
    rest.day,
    rest.isRetraction,
  ]);
}

function texts(block: VerdictEntries): string[] {
  return Array.from({ length: block.count }, (_, i) =>
    JSON.stringify([
      block.topic(i),
      block.partition(i),
      block.offset(i),
      String(block.score(i)),
      block.entity(i),
      block.day(i),
      block.isRetraction(i),
    ]),
  );
}

test('files are gone also where the reader stops half way, and what few entries there are needs none', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'outrider-sorter-test-'));
  try {
    const one = { ...sample, offset: 1 };
    {
      await using folder = new SpillFolder(parent);
      const sorter = new EntrySorter(folder, { entriesInMemoryMax: 2, runsMergedMax: 2, blockEntries: 1 });
      for (let i = 0; i < 7; i++) {
        if (sorter.isFull) await sorter.spill();
        sorter.add(one);
      }
      assert.equal(readdirSync(parent).length, 1);
      for await (const block of sorter.sorted()) {
        assert.equal(block.count, 1);
        break;
      }
    }
    assert.deepEqual(readdirSync(parent), []);
    await using folder = new SpillFolder(parent);
    const sorter = new EntrySorter(folder);
    for (let i = 0; i < 5000; i++) sorter.add(one);
    for await (const block of sorter.sorted()) assert.ok(block.count > 0);
    assert.deepEqual(readdirSync(parent), []);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test('a folder that takes no files is an error that names it', async () => {
  const parent = join(tmpdir(), 'outrider-sorter-test-that-is-not-there');
  await using folder = new SpillFolder(parent);
  const sorter = new EntrySorter(folder);
  sorter.add(sample);
  await assert.rejects(sorter.spill(), (error: unknown) => {
    assert.ok(error instanceof UnusableFileError);
    assert.match(error.message, /that-is-not-there: ENOENT.*TMPDIR/);
    return true;
  });
});

const sample: VerdictEntry = {
  topic: 1,
  partition: 0,
  offset: 0,
  id: new Uint32Array(4),
  writtenAtMs: 0,
  writtenPartition: 0,
  writtenOffset: 0,
  score: 0.5,
  entity: 1,
  day: 1,
  isRetraction: false,
};
