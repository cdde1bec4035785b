import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { type OutriderError, type StalledError, UnreachableError, messageOf } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { assignByWork } from '../kafka/assign-by-work.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import { DeliveringSink, type OffsetCommit } from '../kafka/delivering-sink.js';
import { dismissMember } from '../kafka/dismiss-member.js';
import { LogEnds } from '../kafka/log-ends.js';
import { GroupMember } from '../kafka/partition-source.js';
import { tailHoleEnd } from '../kafka/tail-hole.js';
import { PlainTransport } from '../kafka/plain-transport.js';
import { TransactionalSink } from '../kafka/transactional-sink.js';
import type { Clock, TopicPartition } from '../model.js';
import { WorkerMetrics } from '../observe/worker-metrics.js';
import { LiveCourse } from '../pipeline/live-course.js';
import { PartitionTasks } from '../pipeline/partition-tasks.js';
import { findTopics, verdictOf } from '../pipeline/publishing.js';
import type { Judge } from '../detect/judge.js';
import type { EventScorer, Scorer } from '../pipeline/scorer.js';
import type { TaskStatus } from '../pipeline/task-context.js';
import { prepareOutputCodec } from '../pipeline/output-codec.js';
import {
  type EventReading,
  anomalyFrame,
  prepareJudge,
  prepareReading,
  scorerOf,
} from '../pipeline/setup.js';
import type { OffsetReader, PartitionSink, PartitionSource, RecordTransport } from '../ports.js';
import { Producer } from '../publish/producer.js';
import type { OutputTopic } from '../publish/output-topic.js';
import { Publisher, type PublisherOptions } from '../publish/publisher.js';
import type { Totals, WorkerReport } from './messages.js';
import type { Mission } from './mission.js';
import { StallWatch, lookIntervalMs } from './stall-watch.js';
import { TailHoles } from './tail-holes.js';

export interface WorkerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** The member id of a process that is dead, and whose place this one takes; null where there was none. */
  readonly predecessor: string | null;
  /** What it is there for; absent: the live topic. */
  readonly mission?: Mission | undefined;
  /** Takes the worker's own ports and gives those it works with; this is where tests and controls put faults in. */
  readonly through?: (own: WorkerPorts) => WorkerPorts;
}

/** Where a worker ends and Kafka begins. */
export interface WorkerPorts {
  sinkFor(at: TopicPartition): PartitionSink;
  readonly offsets: OffsetReader;
  readonly source: PartitionSource;
  readonly scorer: EventScorer;
  /** Commits an offset as the member that the worker is, outside any transaction. */
  readonly commitOffset: OffsetCommit;
}

/** The brokers get at least this long to say where the partitions end. */
const ASK_TIMEOUT_MIN_MS = 1000;
/** Fetches have brought nothing for so long before a partition is asked for alone. */
const HOLE_AFTER_MS = 10_000;

/**
 * One member of the consumer group, with all that belongs to it. `start` joins; `failed` rejects when it cannot go
 * on; `stop` finishes what is in hand and leaves.
 */
export class Worker {
  readonly metrics = new WorkerMetrics();
  readonly failed: Promise<never>;
  private readonly fail: (error: OutriderError) => void;
  private readonly scorer: Scorer;
  private readonly admin: KafkaAdmin;
  private readonly member: GroupMember;
  private readonly stopping = new AbortController();
  private tasks: PartitionTasks | null = null;
  private transport: PlainTransport | null = null;
  private readonly ends: LogEnds;
  private readonly watch: StallWatch;
  private readonly holes: TailHoles;
  private waiting: string | null = null;
  private stalled: StalledError | null = null;
  private stopped: Promise<void> | null = null;

  /** Reads schema and model. @throws UnusableFileError, ConfigurationError before any broker is touched */
  static async create(options: WorkerOptions): Promise<Worker> {
    const reading = prepareReading(options.config);
    return new Worker(options, reading, await prepareJudge(options.config, reading));
  }

  private constructor(
    private readonly options: WorkerOptions,
    reading: EventReading,
    judge: Judge,
  ) {
    const { config, log, mission } = options;
    let reject: (error: OutriderError) => void = () => undefined;
    this.failed = new Promise<never>((_resolve, fail) => (reject = fail));
    this.failed.catch(() => undefined);
    this.fail = reject;
    this.scorer = scorerOf(
      config,
      reading,
      judge,
      (stage, ms) => this.metrics.stage(stage, ms),
      (reason) => this.noteWaiting(reason),
    );
    const { slowBecause = null } = judge.detector;
    if (slowBecause !== null) log.warn({ reason: slowBecause }, 'the detector is slower than it could be');
    allowBatchBytes(config.input.maxBatchBytes);
    this.admin = new KafkaAdmin(config.kafka, log);
    this.member = new GroupMember({
      kafka: config.kafka,
      group: config.group,
      topic: config.input.topic,
      log,
      assigner: mission === undefined ? undefined : assignByWork(config.input.topic, mission.work),
      onFailure: this.fail,
    });
    const { kafka, fleet, commit, group, input } = config;
    const { stallTimeoutMs } = fleet;
    const askTimeoutMs = Math.max(ASK_TIMEOUT_MIN_MS, Math.min(kafka.requestTimeoutMs, stallTimeoutMs));
    this.ends = new LogEnds(kafka, input.topic, askTimeoutMs, log);
    this.holes = new TailHoles({
      topic: input.topic,
      afterMs: Math.min(HOLE_AFTER_MS, stallTimeoutMs / 2),
      mayHaveHoles: () => this.isCompacted(),
      holeEnd: (at, offset) => tailHoleEnd(kafka, at, offset, log),
      onHole: (at, offset, end) => this.tasks?.passed(at, offset, end),
      log,
    });
    this.watch = new StallWatch({
      topic: input.topic,
      group,
      stallTimeoutMs,
      takeOverTimeoutMs: Math.max(stallTimeoutMs, kafka.requestTimeoutMs),
      joinTimeoutMs: Math.max(stallTimeoutMs, kafka.sessionTimeoutMs + kafka.rebalanceTimeoutMs),
      commitIntervalMs: commit.intervalMs,
      countedMaxMs: lookIntervalMs(stallTimeoutMs) + askTimeoutMs,
      now: () => performance.now(),
      sight: () => ({
        waiting: this.waiting !== null || mission?.isBusy() === true,
        inGroup: this.tasks?.inGroup ?? false,
        heartbeats: this.tasks?.heartbeats ?? 0,
        partitions: this.partitions,
      }),
      ends: async () => {
        const ends = await this.ends.ask();
        if (ends === null) return null;
        this.tasks?.heardEnds(ends);
        void this.holes.look(this.partitions, ends);
        return ends;
      },
    });
  }

  /** Connects and joins the group. @throws OutriderError when brokers, topics or rights are missing */
  async start(): Promise<void> {
    void this.watch.run(this.stopping.signal).then((stall) => {
      if (stall === null) return;
      this.stalled = stall;
      this.fail(stall);
    });
    const { config, clock, log, predecessor, mission } = this.options;
    await prepareOutputCodec(config, log);
    // Nobody waits for it: with or without, the group takes this one in.
    if (predecessor !== null) void dismissMember(config.kafka, config.group, predecessor, log);
    await this.admin.partitionCount(config.input.topic);
    const { anomalies, deadLetters } = await findTopics(this.admin, config.kafka, {
      anomalies: config.output.anomalies,
      deadLetters: config.output.deadLetters,
    });
    const furtherTopics = await this.furtherTopics();
    const frame = await anomalyFrame(config, this.stopping.signal);
    if (config.delivery === 'at-least-once') {
      this.transport = new PlainTransport(config.kafka, log, config.output.compression);
      await this.transport.connect();
    }
    const { judge } = this.scorer;
    const ports = this.ports();
    const limits = new Map(
      [anomalies, deadLetters, ...furtherTopics].map(({ name, batchBytesMax }) => [name, batchBytesMax]),
    );
    const publisherOptions: PublisherOptions = {
      verdict: verdictOf(judge),
      group: config.group,
      anomalies,
      deadLetters,
      frame,
      clock,
      runId: mission?.runId ?? null,
    };
    this.tasks = new PartitionTasks(
      {
        group: config.group,
        course:
          mission?.course(ports.offsets) ??
          new LiveCourse({
            group: config.group,
            startAt: config.input.startAt,
            onTruncated: config.input.onTruncated,
            offsets: ports.offsets,
          }),
        commit: config.commit,
        source: ports.source,
        scorer: ports.scorer,
        publisher: mission?.publisher(publisherOptions, furtherTopics) ?? new Publisher(publisherOptions),
        pace: mission?.pace ?? null,
        producer: new Producer({
          transport: this.transport ?? onlyInTransactions,
          batchBytesMax: (topic) => limits.get(topic) ?? anomalies.batchBytesMax,
        }),
        metrics: this.metrics,
        clock,
        log,
        onFatal: this.fail,
      },
      (at) => ports.sinkFor(at),
    );
    await ports.source.join(this.tasks);
  }

  async report(): Promise<WorkerReport> {
    return {
      kind: 'report',
      joined: this.tasks?.joined ?? false,
      inGroup: this.tasks?.inGroup ?? false,
      memberId: this.member.id,
      partitions: this.partitions,
      model: this.scorer.judge.identity,
      waiting: this.waiting ?? this.member.trouble ?? this.watch.waiting,
      stalled: this.stalled?.message ?? null,
      totals: this.totals,
      metrics: (await this.metrics.registry.getMetricsAsJSON()) as unknown as readonly object[],
    };
  }

  /** Those that it owns, as they stand. */
  get partitions(): readonly TaskStatus[] {
    return this.tasks?.status() ?? [];
  }

  get totals(): Totals {
    return this.metrics.totals;
  }

  /** Commits what is in hand, leaves the group, closes. Safe to call twice. */
  stop(): Promise<void> {
    this.stopped ??= this.stopOnce();
    return this.stopped;
  }

  private async stopOnce(): Promise<void> {
    this.stopping.abort(new UnreachableError('the worker is stopping'));
    await this.tasks?.drain();
    await this.member.leave();
    await this.transport?.[Symbol.asyncDispose]();
    await this.admin[Symbol.asyncDispose]();
    await this.ends[Symbol.asyncDispose]();
  }

  private ports(): WorkerPorts {
    const { config, log, through, mission } = this.options;
    const { transport } = this;
    const commitOffset: OffsetCommit = (at, offset, metadata) =>
      this.member.commitOffset(at, offset, metadata);
    const own: WorkerPorts = {
      offsets: this.admin,
      source: this.member,
      scorer: mission?.scorer(this.scorer) ?? this.scorer,
      commitOffset,
      sinkFor: (at) =>
        transport === null
          ? new TransactionalSink({
              kafka: config.kafka,
              group: config.group,
              input: at,
              compression: config.output.compression,
              log,
            })
          : new DeliveringSink(
              transport,
              commitOffset,
              at,
              async () => (await this.admin.committed(config.group, at.topic)).get(at.partition) ?? null,
            ),
    };
    return through?.(own) ?? own;
  }

  private async furtherTopics(): Promise<readonly OutputTopic[]> {
    const { config, mission } = this.options;
    const names = mission?.furtherTopics ?? [];
    const named = Object.fromEntries(names.map((name) => [name, name]));
    return Object.values(await findTopics(this.admin, config.kafka, named));
  }

  private async isCompacted(): Promise<boolean> {
    const { config, log } = this.options;
    const { topic } = config.input;
    try {
      return await this.admin.isCompacted(topic);
    } catch (error) {
      log.info({ topic, reason: messageOf(error) }, 'whether the topic is compacted is not known');
      return false;
    }
  }

  private noteWaiting(reason: string | null): void {
    if (reason !== null && this.waiting === null)
      this.options.log.warn({ reason }, 'waiting for the schema registry');
    if (reason === null && this.waiting !== null) this.options.log.info('the schema registry answers again');
    this.waiting = reason;
  }
}

const onlyInTransactions: RecordTransport = {
  send: () => Promise.reject(new TypeError('under exactly-once every record goes through a transaction')),
};
