import type { Ledger } from './ledger.js';
import type { Letter } from './letter.js';
import type { LetterMatcher } from './letter-filter.js';
import { type PassedOver, nothingPassed } from './redrive-tally.js';

export interface Selected {
  readonly taken: readonly Letter[];
  /** How many were passed over, and why. */
  readonly counts: Readonly<Record<PassedOver, number>>;
}

/** Chooses the letters that a redrive takes. */
export class LetterSelector {
  constructor(
    private readonly matcher: LetterMatcher,
    private readonly options: {
      /** Whether a letter is this group's and of its input topic. */
      readonly isOwn: (letter: Letter) => boolean;
      /** Whether letters whose value was cut are taken too: they can be put aside, not read. */
      readonly takesCut: boolean;
    },
  ) {}

  /**
   * @param letters of one partition, in the order of their offsets
   * @param ledger of that partition, absent where nothing was done yet
   * @param limit letters to take at most; those after it are not counted at all
   */
  async select(
    letters: readonly Letter[],
    ledger: Ledger | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<Selected> {
    const matches = await this.matcher.matches(letters, signal);
    const taken: Letter[] = [];
    const counts = nothingPassed();
    for (const [index, letter] of letters.entries()) {
      if (taken.length >= limit) break;
      const why = this.whyNot(letter, matches[index] === true, ledger);
      if (why === null) taken.push(letter);
      else counts[why]++;
    }
    return { taken, counts };
  }

  private whyNot(letter: Letter, isMatch: boolean, ledger: Ledger | undefined): PassedOver | null {
    // The ledger is asked of every letter: that is how it finds out that the topic is another one.
    const state = ledger?.stateOf(letter.offset, letter.timestampMs) ?? 'waiting';
    if (state !== 'waiting') return 'done';
    if (!this.options.isOwn(letter)) return 'others';
    if (!isMatch) return 'not-matching';
    if (letter.truncated !== null && !this.options.takesCut) return 'cut';
    return null;
  }
}
