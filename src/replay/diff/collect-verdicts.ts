import { UsageError } from '../../errors.js';
import type { SourceBatch } from '../../model.js';
import { columnsOf } from '../../record-columns.js';
import type { DiffTables } from './diff-tally.js';
import type { EntrySorter } from './entry-sorter.js';
import { OTHERS } from './key-table.js';
import { VerdictReader } from './read-verdict.js';
import { type SourceRange, covers } from './source-range.js';

/** Which verdicts count. */
export interface VerdictFilter {
  /** Only of events of this topic; null for all. */
  readonly sourceTopic: string | null;
  readonly range: SourceRange;
  /** Only of this entity; null for all. */
  readonly entity: string | null;
  /** Only records that this replay wrote count; null where all do. */
  readonly onlyRun: string | null;
  /** Records that this replay wrote do not count; null where all do. */
  readonly withoutRun: string | null;
}

/** What was read of a topic. */
export interface CollectedCounts {
  readonly records: number;
  /** Of what the filter lets through. */
  readonly verdicts: number;
  readonly retractions: number;
  /** On events of other topics. */
  readonly otherTopics: number;
  readonly notAnomalies: number;
}

/** Hands what counts of an anomaly topic to a sorter. */
export class VerdictCollector {
  private readonly counted = { records: 0, verdicts: 0, retractions: 0, otherTopics: 0, notAnomalies: 0 };
  private readonly reader = new VerdictReader();
  /** By partition of the anomaly topic the latest timestamp so far: clocks of writers may step back, offsets do not. */
  private readonly latestMs = new Map<number, number>();

  constructor(
    private readonly filter: VerdictFilter,
    private readonly tables: DiffTables,
    private readonly sorter: EntrySorter,
  ) {}

  get counts(): CollectedCounts {
    return this.counted;
  }

  /** @throws UsageError where there are too many source topics; UnusableFileError */
  async add({ partition, records }: SourceBatch): Promise<void> {
    const { reader, sorter, counted } = this;
    const columns = columnsOf(records);
    let writtenAtMs = this.latestMs.get(partition) ?? 0;
    for (let index = 0; index < columns.length; index++) {
      counted.records++;
      writtenAtMs = Math.max(writtenAtMs, columns.timestampsMs[index] as number);
      const value = columns.value(index);
      if (value === null || !reader.read(value)) {
        counted.notAnomalies++;
        continue;
      }
      if (!this.isMeant(reader)) continue;
      if (reader.isRetraction) counted.retractions++;
      else counted.verdicts++;
      if (sorter.isFull) await sorter.spill();
      sorter.add({
        topic: this.topicPlace(reader.topic),
        partition: reader.partition,
        offset: reader.offset,
        id: reader.id,
        writtenAtMs,
        writtenPartition: partition,
        writtenOffset: columns.offsets[index] as number,
        score: reader.score,
        entity: this.tables.entities.placeOf(reader.entity),
        day: this.tables.days.placeOf(reader.day),
        isRetraction: reader.isRetraction,
      });
    }
    this.latestMs.set(partition, writtenAtMs);
  }

  private isMeant({ topic, partition, offset, entity, runId, isRetraction }: VerdictReader): boolean {
    const { filter } = this;
    if (filter.sourceTopic !== null && topic !== filter.sourceTopic) {
      this.counted.otherTopics++;
      return false;
    }
    return (
      covers(filter.range, partition, offset) &&
      (filter.onlyRun === null || runId === filter.onlyRun) &&
      (filter.withoutRun === null || runId !== filter.withoutRun) &&
      // A retraction counts by its id alone.
      (filter.entity === null || isRetraction || entity === filter.entity)
    );
  }

  private topicPlace(topic: string): number {
    const place = this.tables.topics.placeOf(topic);
    if (place !== OTHERS) return place;
    throw new UsageError(
      `verdicts on events of more than ${this.tables.topics.size} topics: name a configuration with --config, then only those of its input topic count`,
    );
  }
}
