import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UnusableFileError, UsageError, fileFaultOf } from '../errors.js';

/** @throws UnusableFileError when the file cannot be written */
export function writePlotFile(file: string, svg: string): void {
  try {
    writeFileSync(file, svg);
  } catch (cause) {
    throw new UnusableFileError(`--plot ${file}: ${fileFaultOf(cause)}`, { cause });
  }
}

/** Seen before the work, not after it. @throws UsageError, UnusableFileError */
export function checkPlotFile(file: string): void {
  if (!/\.svg$/i.test(file)) throw new UsageError(`--plot ${file}: the picture is SVG: name it FILE.svg`);
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    throw new UnusableFileError(`--plot ${file}: ${fileFaultOf(cause)}`, { cause });
  }
}
