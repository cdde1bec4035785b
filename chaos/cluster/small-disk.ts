import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ended, spawnChild } from '../children.js';
import { until } from '../waiting.js';

const BALLAST = 'ballast';
const MOUNT_LIMIT_MS = 5000;

/**
 * A disk of a few megabytes: a tmpfs in a mount namespace of its own, which a process keeps open, so that it outlives
 * the brokers that use it. Needs root, or the right to make namespaces.
 */
export class SmallDisk implements AsyncDisposable {
  private constructor(
    private readonly holder: ChildProcess,
    readonly folder: string,
    private readonly bytes: number,
  ) {}

  static async mount(folder: string, bytes: number): Promise<SmallDisk> {
    mkdirSync(folder, { recursive: true });
    const script = 'mount -t tmpfs -o size="$1" tmpfs "$2" && exec sleep infinity';
    const holder = spawnChild(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', String(bytes), folder],
      { stdio: 'ignore' },
    );
    const disk = new SmallDisk(holder, folder, bytes);
    try {
      await until('a small disk is mounted (this needs root)', MOUNT_LIMIT_MS, () => disk.isMounted());
      return disk;
    } catch (error) {
      await disk[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What to put in front of a command so that it sees the disk; the pid stays that of the command. */
  get prefix(): readonly string[] {
    return ['nsenter', `--target=${this.holder.pid ?? 0}`, '--mount', '--'];
  }

  /** Takes all the room that is left. */
  fill(): void {
    const ballast = openSync(join(this.inside, BALLAST), 'a');
    try {
      for (const piece = Buffer.alloc(65_536); ;) writeSync(ballast, piece);
    } catch (error) {
      // That is the point of it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(ballast);
    }
  }

  empty(): void {
    rmSync(join(this.inside, BALLAST), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.holder.kill('SIGKILL');
    await ended(this.holder);
  }

  /** The disk, seen from outside its namespace. */
  private get inside(): string {
    return `/proc/${this.holder.pid ?? 0}/root${this.folder}`;
  }

  private isMounted(): boolean {
    if (this.holder.exitCode !== null) throw new Error('mounting a tmpfs failed: run as root');
    const { blocks, bsize } = statfsSync(this.inside);
    return blocks * bsize === this.bytes;
  }
}
