/** What became of a letter; `failed-again`: a later letter stands for it. */
export type LetterState = 'waiting' | 'redriven' | 'parked' | 'failed-again';

/** Letters of one page of the ledger. */
export const PAGE_LETTERS = 4096;
const PAGE_BYTES = PAGE_LETTERS / 4;
/** Pages that are kept of one partition: 256 MiB, a thousand million letters. */
const PAGES_MAX = 262_144;

const STATES: readonly LetterState[] = ['waiting', 'redriven', 'parked', 'failed-again'];

export interface LedgerPage {
  /** A multiple of PAGE_LETTERS. */
  readonly firstOffset: number;
  /** The first letter of the page that is not waiting, and its timestamp. */
  readonly witnessOffset: number;
  readonly witnessTimeMs: number;
  /** Two bits a letter, PAGE_LETTERS / 4 bytes. */
  readonly states: Buffer;
}

interface KeptPage extends LedgerPage {
  witnessOffset: number;
  witnessTimeMs: number;
}

/** What became of the letters of one partition of a dead-letter topic. */
export class Ledger {
  private readonly pages = new Map<number, KeptPage>();
  private readonly touched = new Set<KeptPage>();

  /** @param onStranger told of a page that is about letters of another topic of the same name; it is void */
  constructor(private readonly onStranger: (page: LedgerPage) => void = () => undefined) {}

  /** Takes a page as it was written; a later one replaces an earlier one. */
  restore(page: LedgerPage): void {
    this.pages.set(page.firstOffset, { ...page });
  }

  drop(firstOffset: number): void {
    this.pages.delete(firstOffset);
  }

  /** @param timestampMs of the letter; letters have to be asked for in the order of their offsets */
  stateOf(offset: number, timestampMs: number): LetterState {
    const page = this.pages.get(pageStart(offset));
    if (page === undefined) return 'waiting';
    if (offset === page.witnessOffset && timestampMs !== page.witnessTimeMs) {
      this.pages.delete(page.firstOffset);
      this.touched.delete(page);
      this.onStranger(page);
      return 'waiting';
    }
    const { at, shift } = placeIn(offset);
    return STATES[((page.states[at] as number) >> shift) & 3] as LetterState;
  }

  mark(offset: number, timestampMs: number, state: Exclude<LetterState, 'waiting'>): void {
    const firstOffset = pageStart(offset);
    let page = this.pages.get(firstOffset);
    if (page === undefined) {
      if (this.pages.size >= PAGES_MAX)
        throw new RangeError(`a ledger of more than ${PAGES_MAX * PAGE_LETTERS} dead letters`);
      page = {
        firstOffset,
        witnessOffset: offset,
        witnessTimeMs: timestampMs,
        states: Buffer.alloc(PAGE_BYTES),
      };
      this.pages.set(firstOffset, page);
    }
    if (offset < page.witnessOffset) {
      page.witnessOffset = offset;
      page.witnessTimeMs = timestampMs;
    }
    const { at, shift } = placeIn(offset);
    page.states[at] = ((page.states[at] as number) & ~(3 << shift)) | (STATES.indexOf(state) << shift);
    this.touched.add(page);
  }

  /** The pages that were marked since they were last taken. */
  takeTouched(): readonly LedgerPage[] {
    const pages = [...this.touched];
    this.touched.clear();
    return pages;
  }

  /** Drops the pages of letters that retention has deleted. @returns their first offsets */
  dropBelow(offset: number): readonly number[] {
    const gone = [...this.pages.keys()].filter((first) => first + PAGE_LETTERS <= offset);
    for (const first of gone) this.pages.delete(first);
    return gone;
  }
}

function pageStart(offset: number): number {
  return Math.floor(offset / PAGE_LETTERS) * PAGE_LETTERS;
}

function placeIn(offset: number): { readonly at: number; readonly shift: number } {
  const index = offset % PAGE_LETTERS;
  return { at: index >> 2, shift: (index & 3) * 2 };
}
