import type { Logger } from 'pino';
import { AnswerNoError } from '../../errors.js';
import type { KafkaAdmin } from '../../kafka/admin.js';
import type { KafkaConfig } from '../../kafka/client.js';
import { recordsBetween } from '../../kafka/offset-bounds.js';
import { readTopic } from '../../kafka/topic-reader.js';
import { type CollectedCounts, VerdictCollector, type VerdictFilter } from './collect-verdicts.js';
import { compareVerdicts } from './compare-verdicts.js';
import type { DiffSide } from './diff-side.js';
import { DiffTables, DiffTally } from './diff-tally.js';
import { EntrySorter } from './entry-sorter.js';
import { SpillFolder } from './spill-folder.js';
import { standingVerdicts } from './standing-verdicts.js';

export interface DiffOptions {
  readonly kafka: KafkaConfig;
  readonly admin: KafkaAdmin;
  /** Start of the names of the groups that read; they commit nothing. */
  readonly groupPrefix: string;
  readonly sides: readonly [a: DiffSide, b: DiffSide];
  readonly filter: Omit<VerdictFilter, 'onlyRun' | 'withoutRun'>;
  /** Scores that differ by no more are the same. */
  readonly tolerance: number;
  /** Differences that are kept to be shown. */
  readonly examplesMax: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told of records read, and of how many there are at most. */
  readonly onRead: (records: number, total: number) => void;
}

export interface DiffResult {
  readonly tally: DiffTally;
  readonly read: readonly [a: CollectedCounts, b: CollectedCounts];
}

/**
 * Compares the verdicts of two anomaly topics, each as it ends when the comparison starts: both are read whole and
 * sorted by source position, in bounded memory and with temporary files, and gone through together.
 * @throws AnswerNoError where it was asked to stop before the end; OutriderError
 */
export async function diffTopics(options: DiffOptions): Promise<DiffResult> {
  const { sides, admin, tolerance, examplesMax } = options;
  const [extentA, extentB] = [await admin.extent(sides[0].topic), await admin.extent(sides[1].topic)];
  const ofA = recordsBetween(extentA.from, extentA.to);
  const total = ofA + recordsBetween(extentB.from, extentB.to);
  const tables = new DiffTables();
  const tally = new DiffTally(tables, tolerance, examplesMax);
  await using folder = new SpillFolder();
  const [a, b] = [new EntrySorter(folder), new EntrySorter(folder)];
  const readA = await collect(options, sides[0], extentA, tables, a, (read) => options.onRead(read, total));
  // Retention may have deleted some of it meanwhile.
  const { from } = await admin.extent(sides[1].topic);
  const readB = await collect(options, sides[1], { from, to: extentB.to }, tables, b, (read) =>
    options.onRead(ofA + read, total),
  );
  await compareVerdicts(standingVerdicts(a.sorted()), standingVerdicts(b.sorted()), tally, () =>
    stopIfAsked(options.signal),
  );
  return { tally, read: [readA, readB] };
}

async function collect(
  { kafka, groupPrefix, filter, log, signal }: DiffOptions,
  { topic, onlyRun, withoutRun }: DiffSide,
  extent: { readonly from: ReadonlyMap<number, number>; readonly to: ReadonlyMap<number, number> },
  tables: DiffTables,
  sorter: EntrySorter,
  onRead: (records: number) => void,
): Promise<CollectedCounts> {
  const collector = new VerdictCollector({ ...filter, onlyRun, withoutRun }, tables, sorter);
  for await (const batch of readTopic({ kafka, topic, groupPrefix, ...extent, log, signal })) {
    await collector.add(batch);
    onRead(collector.counts.records);
  }
  stopIfAsked(signal);
  const { notAnomalies } = collector.counts;
  if (notAnomalies > 0)
    log.warn({ topic, records: notAnomalies }, 'records that are no anomalies; passed over');
  return collector.counts;
}

/** What was seen until then says nothing: half a topic differs from a whole one. */
function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new AnswerNoError('stopped before the end: nothing can be said');
}
