import type { OffsetRange } from '../model.js';

/** How far a partition was read, through one range of offsets after the other. */
export class RangeCursor {
  private current = 0;
  private at: number;
  private readonly ranges: readonly OffsetRange[];

  /** @param ranges in rising order and apart; those without an offset are left out */
  constructor(ranges: readonly OffsetRange[]) {
    this.ranges = ranges.filter(({ from, to }) => from < to);
    this.at = this.ranges[0]?.from ?? 0;
  }

  /** The first offset that is still wanted; where none is, the one behind what was read. */
  get position(): number {
    return this.at;
  }

  get isDone(): boolean {
    return this.current >= this.ranges.length;
  }

  /** The last range has no end. */
  get isEndless(): boolean {
    return this.ranges.at(-1)?.to === Infinity;
  }

  wants(offset: number): boolean {
    if (offset < this.at) return false;
    for (let index = this.current; index < this.ranges.length; index++) {
      const { from, to } = this.ranges[index] as OffsetRange;
      if (offset < to) return offset >= from;
    }
    return false;
  }

  /** Everything before an offset was read, or is not there. */
  advance(nextOffset: number): void {
    while (!this.isDone && (this.ranges[this.current] as OffsetRange).to <= nextOffset) this.current++;
    this.at = Math.max(nextOffset, this.ranges[this.current]?.from ?? 0);
  }
}
