import type { OutriderError } from '../errors.js';
import type { SourceBatch, TopicPartition, UnreadableBatch } from '../model.js';
import type { PartitionSink, SourceListener } from '../ports.js';
import { pendingBytesMax } from './in-flight.js';
import { PartitionTask } from './partition-task.js';
import type { TaskContext, TaskStatus } from './task-context.js';

/** The partitions that a worker owns, and what it hears of them. */
export class PartitionTasks implements SourceListener {
  private readonly tasks = new Map<number, PartitionTask>();
  private heartbeatWaiters: (() => void)[] = [];
  private readonly context: TaskContext;
  private readonly timer: NodeJS.Timeout;
  private draining = false;
  /** Has been in the group. */
  joined = false;
  /** Is in the group, and the group does not rebalance. */
  inGroup = false;
  /** Heartbeats and joins that the group accepted. */
  heartbeats = 0;

  constructor(
    context: Omit<TaskContext, 'nextHeartbeat' | 'pendingBytesMax'>,
    private readonly sinkFor: (at: TopicPartition) => PartitionSink,
  ) {
    this.context = {
      ...context,
      pendingBytesMax: () => pendingBytesMax(this.tasks.size),
      nextHeartbeat: () => new Promise((resolve) => this.heartbeatWaiters.push(resolve)),
    };
    this.timer = setInterval(() => this.tick(), Math.max(10, Math.floor(context.commit.intervalMs / 2)));
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.joined = true;
    this.inGroup = true;
    this.context.metrics.rebalanced();
    this.heartbeat();
    this.context.log.info({ partitions: partitions.map(({ partition }) => partition) }, 'joined the group');
    if (this.draining) return;
    const kept = new Set(partitions.map(({ partition }) => partition));
    for (const [partition, task] of this.tasks) {
      if (kept.has(partition)) continue;
      this.tasks.delete(partition);
      this.forget(partition, task);
    }
    for (const at of partitions) {
      let task = this.tasks.get(at.partition);
      if (task === undefined) {
        task = new PartitionTask(at, this.sinkFor(at), this.context);
        this.tasks.set(at.partition, task);
        this.topic = at.topic;
      }
      task.assign();
    }
  }

  async batch(batch: SourceBatch, signal: AbortSignal): Promise<void> {
    try {
      await this.tasks.get(batch.partition)?.handle(batch, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.context.onFatal(error as OutriderError);
    }
  }

  passed({ partition }: TopicPartition, firstOffset: number, nextOffset: number): void {
    this.tasks.get(partition)?.passed(firstOffset, nextOffset);
  }

  unreadable({ partition }: TopicPartition, batch: UnreadableBatch): void {
    this.tasks.get(partition)?.unreadable(batch);
  }

  rejoining(): void {
    this.inGroup = false;
  }

  heartbeat(): void {
    this.heartbeats++;
    const waiters = this.heartbeatWaiters;
    this.heartbeatWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Where the brokers say that the partitions end. */
  heardEnds(ends: ReadonlyMap<number, number>): void {
    for (const [partition, end] of ends) this.tasks.get(partition)?.heardEnd(end);
  }

  status(): readonly TaskStatus[] {
    return [...this.tasks.values()].map((task) => task.status()).sort((a, b) => a.partition - b.partition);
  }

  /** Commits what every partition has in hand and lets go of all of them. */
  async drain(): Promise<void> {
    this.draining = true;
    clearInterval(this.timer);
    await Promise.all([...this.tasks.values()].map((task) => task.drain()));
  }

  private topic = '';

  private forget(partition: number, task: PartitionTask): void {
    const { metrics, scorer, log } = this.context;
    metrics.forget({ topic: this.topic, partition }, scorer.judge.identity);
    log.info({ topic: this.topic, partition }, 'partition given up');
    void task.release();
  }

  private tick(): void {
    for (const task of this.tasks.values()) task.tick();
  }
}
