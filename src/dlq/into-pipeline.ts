import type { OutgoingRecord } from '../model.js';
import type { EventScorer } from '../pipeline/scorer.js';
import type { Publisher } from '../publish/publisher.js';
import { type EventPlace, batchOf } from './letter-batch.js';
import type { Letter } from './letter.js';
import type { Outcome, Treated, Treatment } from './treatment.js';

/** Scores the events of letters as the fleet would have: what a letter causes is what its event should have caused. */
export class IntoPipeline implements Treatment {
  constructor(
    private readonly options: {
      readonly scorer: EventScorer;
      readonly publisher: Publisher;
      readonly placeOf: (letter: Letter) => EventPlace;
      /** Tries after which an event that fails is parked. */
      readonly attemptsMax: number;
    },
  ) {}

  async treat(letters: readonly Letter[], signal: AbortSignal): Promise<Treated> {
    const { scorer, publisher, placeOf, attemptsMax } = this.options;
    const records: OutgoingRecord[] = [];
    const outcomes = new Array<Outcome>(letters.length).fill('normal');
    for (const indices of this.bySource(letters)) {
      const events = indices.map((index) => letters[index] as Letter);
      const scored = await scorer.score(batchOf(events, placeOf), signal);
      const output = publisher.output(scored);
      for (const record of output.records) records.push(record);
      for (const index of output.anomalous) outcomes[indices[index] as number] = 'anomaly';
      for (const { index } of output.refused) {
        const isLast = (events[index] as Letter).attempts + 1 >= attemptsMax;
        outcomes[indices[index] as number] = isLast ? 'parked' : 'failed-again';
      }
    }
    return { records, outcomes };
  }

  /** Indices of letters whose events stood in the same partition, in their order. */
  private bySource(letters: readonly Letter[]): Iterable<readonly number[]> {
    const groups = new Map<string, number[]>();
    for (const [index, letter] of letters.entries()) {
      const { topic, partition } = this.options.placeOf(letter);
      const key = `${topic}/${partition}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [index]);
      else group.push(index);
    }
    return groups.values();
  }
}
