import type { Encoding } from '../decode/wire-format.js';
import type { Ledger } from './ledger.js';
import type { Letter, LetterFormat } from './letter.js';
import { producerSchema, schemaText } from './producer-schema.js';

/** Letters of one reason and producer schema. */
export interface LetterGroup {
  readonly writtenBy: LetterFormat;
  readonly reason: string;
  /** As `schemaText` gives it. */
  readonly schema: string;
  letters: number;
  /** Of these, neither redriven nor parked. */
  waiting: number;
  /** Unix ms. */
  firstMs: number;
  lastMs: number;
  /** What the last one says. */
  message: string;
}

/** Groups that are told apart; what comes after counts together. */
const GROUPS_MAX = 1000;
const OTHER = 'other';

/** Counts letters by reason and producer schema. */
export class LetterSummary {
  private readonly groups = new Map<string, LetterGroup>();

  constructor(private readonly encoding: Encoding | null) {}

  /** @param ledger of the letter's partition, absent where nothing was done yet */
  add(letter: Letter, ledger: Ledger | undefined): void {
    const group = this.groupOf(letter);
    group.letters++;
    if ((ledger?.stateOf(letter.offset, letter.timestampMs) ?? 'waiting') === 'waiting') group.waiting++;
    group.firstMs = Math.min(group.firstMs, letter.timestampMs);
    if (letter.timestampMs >= group.lastMs) {
      group.lastMs = letter.timestampMs;
      group.message = letter.message;
    }
  }

  /** Most letters first. */
  get sorted(): readonly LetterGroup[] {
    return [...this.groups.values()].sort((a, b) => b.letters - a.letters);
  }

  private groupOf({ writtenBy, reason, value }: Letter): LetterGroup {
    const schema = schemaText(producerSchema(value, this.encoding));
    const known = this.groups.get(`${writtenBy} ${reason} ${schema}`);
    if (known !== undefined) return known;
    const isFull = this.groups.size >= GROUPS_MAX;
    const key = isFull ? OTHER : `${writtenBy} ${reason} ${schema}`;
    let group = this.groups.get(key);
    if (group === undefined) {
      group = {
        writtenBy: isFull ? 'unknown' : writtenBy,
        reason: isFull ? OTHER : reason,
        schema: isFull ? OTHER : schema,
        letters: 0,
        waiting: 0,
        firstMs: Infinity,
        lastMs: -Infinity,
        message: '',
      };
      this.groups.set(key, group);
    }
    return group;
  }
}
