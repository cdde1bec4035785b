import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';

const FLAGS = ['-O3', '-std=gnu11'];

/** @returns the program that forest.c makes, null where there is no `cc` */
export function cProgram(cache: string): string | null {
  if (spawnSync('cc', ['--version']).status !== 0) return null;
  const source = join(packageRoot(), 'bench', 'kernel', 'forest.c');
  const key = createHash('sha256')
    .update(readFileSync(source))
    .update(FLAGS.join(' '))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cache, 'bench-kernel');
  const program = join(folder, `forest-${key}`);
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('cc', [...FLAGS, '-o', `${program}.new`, source], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    renameSync(`${program}.new`, program);
  }
  return program;
}

/** @returns nanoseconds of processor time for all rows of the input, its best pass of three */
export function runC(
  program: string,
  input: string,
  sums: string,
  layout: 'rows' | 'blocks',
  stretchBytes: number,
): number {
  return Number(execFileSync(program, [input, sums, layout, String(stretchBytes)], { encoding: 'utf8' }));
}
