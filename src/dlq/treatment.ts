import type { OutgoingRecord } from '../model.js';
import type { Letter } from './letter.js';

/**
 * What became of a letter that was taken. `unusable`: it cannot be written where it should go, and goes on waiting.
 */
export type Outcome = 'anomaly' | 'normal' | 'sent' | 'failed-again' | 'parked' | 'unusable';

/** What letters cause. */
export interface Treated {
  readonly records: readonly OutgoingRecord[];
  /** One per letter. */
  readonly outcomes: readonly Outcome[];
}

/** What is done with letters that are taken: nothing is written here, only said. */
export interface Treatment {
  /** @param letters of one partition. @throws the signal's reason */
  treat(letters: readonly Letter[], signal: AbortSignal): Promise<Treated>;
}
