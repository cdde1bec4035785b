import type { Clock, OutgoingRecord } from '../model.js';
import type { OutputTopic } from '../publish/output-topic.js';
import { fitsAlone } from '../publish/record-size.js';
import type { Letter } from './letter.js';
import type { Outcome, Treated, Treatment } from './treatment.js';

/** Puts letters aside as they are, for somebody to look at. */
export class IntoParking implements Treatment {
  constructor(
    private readonly parking: OutputTopic,
    private readonly clock: Clock,
  ) {}

  treat(letters: readonly Letter[]): Promise<Treated> {
    const records: OutgoingRecord[] = [];
    const outcomes: Outcome[] = [];
    for (const { key, value, headers, partition } of letters) {
      const record = {
        topic: this.parking.name,
        partition: partition % this.parking.partitions,
        key,
        value,
        headers,
        timestampMs: this.clock(),
      };
      const fits = fitsAlone(record, this.parking.batchBytesMax);
      if (fits) records.push(record);
      outcomes.push(fits ? 'parked' : 'unusable');
    }
    return Promise.resolve({ records, outcomes });
  }
}
