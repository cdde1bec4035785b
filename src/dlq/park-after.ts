import type { OutgoingRecord } from '../model.js';
import type { Letter } from './letter.js';
import type { Outcome, Treated, Treatment } from './treatment.js';

/** Puts letters aside that were tried often enough, and lets the others through. */
export class ParkAfter implements Treatment {
  constructor(
    private readonly attemptsMax: number,
    private readonly parking: Treatment,
    private readonly others: Treatment,
  ) {}

  async treat(letters: readonly Letter[], signal: AbortSignal): Promise<Treated> {
    const records: OutgoingRecord[] = [];
    const outcomes = new Array<Outcome>(letters.length);
    for (const [treatment, isTheirs] of [
      [this.parking, (letter: Letter) => letter.attempts >= this.attemptsMax],
      [this.others, (letter: Letter) => letter.attempts < this.attemptsMax],
    ] as const) {
      const indices = [...letters.keys()].filter((index) => isTheirs(letters[index] as Letter));
      if (indices.length === 0) continue;
      const treated = await treatment.treat(
        indices.map((index) => letters[index] as Letter),
        signal,
      );
      for (const record of treated.records) records.push(record);
      for (const [i, index] of indices.entries()) outcomes[index] = treated.outcomes[i] as Outcome;
    }
    return { records, outcomes };
  }
}
