import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchOnce } from '../../src/local-broker/fetch-once.js';

test('a folder of the cache is filled once, whole or not at all', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'outrider-fetch-once-'));
  try {
    const failing = async (folder: string): Promise<void> => {
      writeFileSync(join(folder, 'half'), '');
      throw new Error('cut off');
    };
    await assert.rejects(fetchOnce(cache, 'jars', failing), /cut off/);
    assert.deepEqual(readdirSync(cache), [], 'nothing is left of what failed');

    let fills = 0;
    const fill = async (folder: string): Promise<void> => {
      fills++;
      writeFileSync(join(folder, 'jar'), 'whole');
    };
    const folder = await fetchOnce(cache, 'jars', fill);
    assert.equal(await fetchOnce(cache, 'jars', fill), folder);
    assert.equal(fills, 1);
    assert.equal(readFileSync(join(folder, 'jar'), 'utf8'), 'whole');
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test('of two who fill at once the first to finish wins, and a failure of the other does not matter', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'outrider-fetch-once-'));
  try {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const loser = fetchOnce(cache, 'jars', async (folder) => {
      writeFileSync(join(folder, 'jar'), 'second');
      await finished;
      throw new Error('too late');
    });
    const folder = await fetchOnce(cache, 'jars', async (building) => {
      writeFileSync(join(building, 'jar'), 'first');
    });
    finish();
    assert.equal(await loser, folder);
    assert.equal(readFileSync(join(folder, 'jar'), 'utf8'), 'first');
    assert.deepEqual(readdirSync(cache), ['jars']);
    assert.ok(existsSync(join(folder, '.complete')));
  } finally {
    rmSync(cache, { recursive: true });
  }
});
