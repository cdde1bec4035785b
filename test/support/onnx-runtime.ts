import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RUNTIME } from '../../src/detect/onnx/runtime.js';

const run = promisify(execFile);

const VERSION = '1.30.0';
const DOWNLOAD_TIMEOUT_MS = 600_000;

/**
 * onnxruntime-node, fetched by npm once and outside the project, because it has 290 MB and its install script fetches
 * more. @returns the folder for NODE_PATH
 */
export async function onnxRuntime(cache: string): Promise<string> {
  const folder = join(cache, `${RUNTIME}-${VERSION}`);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return join(folder, 'node_modules');
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(join(cache, 'fetching-'));
  try {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefix', building];
    await run('npm', ['install', ...flags, `${RUNTIME}@${VERSION}`], {
      cwd: building,
      timeout: DOWNLOAD_TIMEOUT_MS,
    });
    writeFileSync(join(building, '.complete'), '');
    if (existsSync(complete)) return join(folder, 'node_modules');
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } catch (error) {
    // Another process may have been first.
    if (!existsSync(complete)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return join(folder, 'node_modules');
}
