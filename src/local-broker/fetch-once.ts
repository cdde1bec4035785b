import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder of the cache that is filled once: whole, or not there. Two processes may fill it at once: the first to finish
 * wins.
 * @param fill puts everything into the folder that it is given, which is moved to its place afterwards
 * @returns the folder
 * @throws what `fill` throws, unless somebody else has finished meanwhile
 */
export async function fetchOnce(
  cache: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return folder;
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(join(cache, 'fetching-'));
  try {
    await fill(building);
    writeFileSync(join(building, '.complete'), '');
    if (existsSync(complete)) return folder;
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } catch (error) {
    if (existsSync(complete)) return folder;
    throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}
