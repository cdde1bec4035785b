import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnusableFileError, fileFaultOf } from '../../errors.js';

/** A folder for what does not fit into memory, made when it is first needed, and gone with whoever needed it. */
export class SpillFolder implements AsyncDisposable {
  private made: Promise<string> | null = null;
  private path: string | null = null;
  private files = 0;
  /** The second SIGTERM or SIGINT ends the process without further ado. */
  private readonly onExit = (): void => {
    if (this.path !== null) rmSync(this.path, { recursive: true, force: true });
  };

  /** @param parent the system's folder for temporary files, which TMPDIR names */
  constructor(private readonly parent: string = tmpdir()) {}

  /** A new file. @throws UnusableFileError */
  async create(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    return this.using(async () => {
      this.made ??= this.make();
      const path = join(await this.made, `run-${this.files++}`);
      return { path, handle: await open(path, 'wx') };
    });
  }

  async open(path: string): Promise<FileHandle> {
    return this.using(() => open(path, 'r'));
  }

  async remove(path: string): Promise<void> {
    await this.using(() => rm(path));
  }

  /** Says of what goes wrong with a file where it stands, and what to do. @throws UnusableFileError */
  async using<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new UnusableFileError(
        `temporary files in ${this.parent}: ${fileFaultOf(cause)}; TMPDIR names another folder`,
        { cause },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A folder that is just being made is waited for; why it could not be made was said where it was asked for.
    await this.made?.catch(() => undefined);
    const { path } = this;
    if (path === null) return;
    await this.using(() => rm(path, { recursive: true, force: true }));
    this.path = null;
    process.off('exit', this.onExit);
  }

  private async make(): Promise<string> {
    this.path = await mkdtemp(join(this.parent, 'outrider-diff-'));
    process.once('exit', this.onExit);
    return this.path;
  }
}
