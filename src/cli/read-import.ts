import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { DetectorKind } from '../detect/detector.js';
import { UnusableFileError, UsageError, fileFaultOf } from '../errors.js';

/** Largest file that `--import` takes: what one array of a model holds. */
export const IMPORT_BYTES_MAX = 268_435_456;

export interface ImportedFile {
  /** Without its folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The file that `--import` names, where the kind of detector takes one.
 * @throws UsageError when there is one too many or too few; UnusableFileError when it cannot be read or is too large
 */
export function readImport({ type, imports }: DetectorKind, file: string | undefined): ImportedFile | null {
  if (file === undefined) {
    if (imports === 'required')
      throw new UsageError(
        `the detector '${type}' is imported, not trained: name its file with --import FILE`,
      );
    return null;
  }
  if (imports === 'never')
    throw new UsageError(`--import ${file}: the detector '${type}' is trained from rows and imports nothing`);
  try {
    const { size } = statSync(file);
    if (size > IMPORT_BYTES_MAX)
      throw new UnusableFileError(`${file}: ${size} bytes, --import takes ${IMPORT_BYTES_MAX} at most`);
    return { name: basename(file), bytes: readFileSync(file) };
  } catch (cause) {
    if (cause instanceof UnusableFileError) throw cause;
    throw new UnusableFileError(`${file}: ${fileFaultOf(cause)}`, { cause });
  }
}
