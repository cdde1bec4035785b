import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DeadLetterReason, TopicPartition } from '../model.js';
import { BatchHistogram } from './batch-histogram.js';

export type Stage = 'decode' | 'features' | 'score' | 'publish' | 'commit';

const STAGE_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const AGE_BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];
const BATCH_BUCKETS_RECORDS = [1, 10, 100, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000];

/** What one worker counts. Labels are topics, partitions, models, reasons and stages: never an entity, a key or an id. */
export class WorkerMetrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly events = new Counter({
    name: 'outrider_events_total',
    help: 'Events read and finished, by input partition',
    labelNames: ['topic', 'partition'],
    registers: this.registers,
  });
  private readonly anomalies = new Counter({
    name: 'outrider_anomalies_total',
    help: 'Anomalies committed, by input partition and model',
    labelNames: ['topic', 'partition', 'model', 'version'],
    registers: this.registers,
  });
  private readonly deadLetters = new Counter({
    name: 'outrider_dead_letters_total',
    help: 'Dead letters committed, by input topic and reason',
    labelNames: ['topic', 'reason'],
    registers: this.registers,
  });
  private readonly tombstones = new Counter({
    name: 'outrider_tombstones_total',
    help: 'Records without a value, passed over',
    labelNames: ['topic', 'partition'],
    registers: this.registers,
  });
  private readonly lag = new Gauge({
    name: 'outrider_lag_records',
    help: 'Records between the position and the high watermark',
    labelNames: ['topic', 'partition'],
    registers: this.registers,
  });
  private readonly unreadable = new Gauge({
    name: 'outrider_partition_unreadable',
    help: '1 while a partition stands before a record batch that cannot be read',
    labelNames: ['topic', 'partition'],
    registers: this.registers,
  });
  private readonly stages = new Histogram({
    name: 'outrider_stage_seconds',
    help: 'Time that a batch spends in a stage',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS_SECONDS,
    registers: this.registers,
  });
  private readonly batches = new Histogram({
    name: 'outrider_batch_records',
    help: 'Records in a fetched batch',
    buckets: BATCH_BUCKETS_RECORDS,
    registers: this.registers,
  });
  private readonly commits = new Counter({
    name: 'outrider_commits_total',
    help: 'Commits, by result',
    labelNames: ['result'],
    registers: this.registers,
  });
  private readonly rebalances = new Counter({
    name: 'outrider_rebalances_total',
    help: 'Times that the member (re)joined its group',
    registers: this.registers,
  });
  private readonly ages = new BatchHistogram(
    'outrider_event_age_seconds',
    'From the append of an event to its commit',
    AGE_BUCKETS_SECONDS,
    this.registry,
  );

  private readonly counted = { events: 0, anomalies: 0, deadLetters: 0 };

  /** What was committed by this process, partitions that it gave up included. */
  get totals(): { readonly events: number; readonly anomalies: number; readonly deadLetters: number } {
    return { ...this.counted };
  }

  stage(stage: Stage, milliseconds: number): void {
    this.stages.observe({ stage }, milliseconds / 1000);
  }

  batch(records: number): void {
    this.batches.observe(records);
  }

  rebalanced(): void {
    this.rebalances.inc();
  }

  setLag({ topic, partition }: TopicPartition, records: number): void {
    this.lag.set({ topic, partition: String(partition) }, records);
  }

  setUnreadable({ topic, partition }: TopicPartition, isUnreadable: boolean): void {
    const at = { topic, partition: String(partition) };
    if (isUnreadable) this.unreadable.set(at, 1);
    else this.unreadable.remove(at);
  }

  commitFailed(): void {
    this.commits.inc({ result: 'failed' });
  }

  committed({ topic, partition }: TopicPartition, done: Committed): void {
    const at = { topic, partition: String(partition) };
    this.commits.inc({ result: 'committed' });
    this.events.inc(at, done.events);
    this.counted.events += done.events;
    this.counted.anomalies += done.anomalies;
    for (const count of done.deadLetters.values()) this.counted.deadLetters += count;
    if (done.tombstones > 0) this.tombstones.inc(at, done.tombstones);
    if (done.anomalies > 0)
      this.anomalies.inc({ ...at, model: done.model, version: done.version }, done.anomalies);
    for (const [reason, count] of done.deadLetters) this.deadLetters.inc({ topic, reason }, count);
    for (const times of done.appendTimesMs) this.ages.observeAges(times, done.nowMs);
  }

  /** Series of a partition that this worker no longer owns. */
  forget({ topic, partition }: TopicPartition, model: { name: string; version: string }): void {
    const at = { topic, partition: String(partition) };
    this.events.remove(at);
    this.tombstones.remove(at);
    this.anomalies.remove({ ...at, model: model.name, version: model.version });
    this.lag.remove(at);
    this.unreadable.remove(at);
  }
}

export interface Committed {
  readonly events: number;
  readonly tombstones: number;
  readonly anomalies: number;
  readonly deadLetters: ReadonlyMap<DeadLetterReason, number>;
  readonly model: string;
  readonly version: string;
  /** When each event was appended, Unix ms. */
  readonly appendTimesMs: readonly Float64Array[];
  readonly nowMs: number;
}
