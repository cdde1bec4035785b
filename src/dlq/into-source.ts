import type { OutgoingRecord } from '../model.js';
import { REDRIVE_ATTEMPTS } from '../publish/dead-letter.js';
import type { OutputTopic } from '../publish/output-topic.js';
import { fitsAlone } from '../publish/record-size.js';
import type { Letter } from './letter.js';
import { eventHeaders } from './read-letter.js';
import type { Outcome, Treated, Treatment } from './treatment.js';

/** Puts the events of letters on the input topic again, as new events with the time that they had. */
export class IntoSource implements Treatment {
  constructor(
    private readonly options: {
      readonly input: OutputTopic;
      readonly partitionOf: (key: Buffer | null, partitions: number) => number;
    },
  ) {}

  treat(letters: readonly Letter[]): Promise<Treated> {
    const records: OutgoingRecord[] = [];
    const outcomes: Outcome[] = [];
    for (const letter of letters) {
      const record = this.eventOf(letter);
      const fits = fitsAlone(record, this.options.input.batchBytesMax);
      if (fits) records.push(record);
      outcomes.push(fits ? 'sent' : 'unusable');
    }
    return Promise.resolve({ records, outcomes });
  }

  private eventOf(letter: Letter): OutgoingRecord {
    const { input, partitionOf } = this.options;
    const { source, key, value, attempts, timestampMs } = letter;
    // What another program's headers say chooses a partition here, and nothing else.
    const isKnown = source !== null && source.topic === input.name && source.partition < input.partitions;
    return {
      topic: input.name,
      partition: isKnown ? source.partition : partitionOf(key, input.partitions),
      key,
      value,
      headers: [...eventHeaders(letter), [REDRIVE_ATTEMPTS, Buffer.from(String(attempts))]],
      timestampMs: source?.timestampMs ?? timestampMs,
    };
  }
}
