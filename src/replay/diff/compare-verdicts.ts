import type { DiffTally } from './diff-tally.js';
import { VerdictEntries, comparePlaces } from './verdict-entries.js';

/**
 * Goes through the verdicts of two sides together, and counts what they say of the same event.
 * @param a blocks by place, at most one verdict for each; `b` likewise
 * @param onBlock told how many verdicts were taken of both sides since the last time
 */
export async function compareVerdicts(
  a: AsyncGenerator<VerdictEntries>,
  b: AsyncGenerator<VerdictEntries>,
  tally: DiffTally,
  onBlock: (verdicts: number) => void = () => undefined,
): Promise<void> {
  const [left, right] = [new Place(a, onBlock), new Place(b, onBlock)];
  try {
    await left.refill();
    await right.refill();
    while (left.isThere || right.isThere) {
      const order = orderOf(left, right);
      tally.add(order <= 0 ? left.verdict : null, order >= 0 ? right.verdict : null);
      if (order <= 0 && left.step()) await left.refill();
      if (order >= 0 && right.step()) await right.refill();
    }
  } finally {
    await a.return(undefined);
    await b.return(undefined);
  }
}

function orderOf(left: Place, right: Place): number {
  if (!right.isThere) return -1;
  if (!left.isThere) return 1;
  return comparePlaces(left.verdict.entries, left.verdict.at, right.verdict.entries, right.verdict.at);
}

/** Where the reading of a side is. */
class Place {
  isThere = false;
  verdict = { entries: new VerdictEntries(0), at: 0 };

  constructor(
    private readonly blocks: AsyncGenerator<VerdictEntries>,
    private readonly onBlock: (verdicts: number) => void,
  ) {}

  /** @returns whether a refill is due */
  step(): boolean {
    return ++this.verdict.at === this.verdict.entries.count;
  }

  async refill(): Promise<void> {
    const next = await this.blocks.next();
    this.isThere = next.done !== true;
    if (next.done === true) return;
    this.verdict = { entries: next.value, at: 0 };
    this.onBlock(next.value.count);
  }
}
