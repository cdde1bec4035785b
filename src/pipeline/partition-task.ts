import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import {
  FencedError,
  MissingRemoteError,
  OutriderError as KnownError,
  type OutriderError,
  messageOf,
} from '../errors.js';
import { FENCE_BACKOFF_FIRST_MS, FENCE_BACKOFF_MAX_MS, SETTLE_TIMEOUT_MS } from '../kafka/time-outs.js';
import type { SourceBatch, TopicPartition, UnreadableBatch } from '../model.js';
import type { PartitionSink } from '../ports.js';
import { columnsOf } from '../record-columns.js';
import { slices } from './batch-slices.js';
import type { PartitionCourse } from './course.js';
import { cutBatch } from './cut-batch.js';
import { sliceRecordsMax } from './in-flight.js';
import { PendingOutput } from './pending-output.js';
import type { TaskContext, TaskState, TaskStatus } from './task-context.js';
import { UnreadablePartition } from './unreadable-partition.js';

/** Failures in a row after which an error that does not look passing is given up on. */
const FAILURES_MAX = 5;

/** One assigned partition: its own sink, its own position, nothing shared with the others. */
export class PartitionTask {
  private state: TaskState = 'released';
  /** Every change of ownership gets a number; what was started under an older one is void. */
  private ownership = 0;
  private position: number | null = null;
  private committed: number | null = null;
  private highWatermark = 0;
  /** Since the last fence. */
  private course: PartitionCourse | null = null;
  private movedAtMs: number;
  private pending: PendingOutput;
  /** The commit in flight; at most one. */
  private committing: Promise<void> | null = null;
  /** Take-overs, one after the other. */
  private takingOver: Promise<void> = Promise.resolve();
  /** A gap in the offsets that was seen once: seen again after a new fetch it is real. */
  private gapSeenAt = -1;
  /** Commits that failed since the last that did not. */
  private failures = 0;
  private readonly wall: UnreadablePartition;

  constructor(
    private readonly at: TopicPartition,
    private readonly sink: PartitionSink,
    private readonly context: TaskContext,
  ) {
    this.movedAtMs = performance.now();
    this.pending = new PendingOutput(0, performance.now());
    this.wall = new UnreadablePartition(at, context.log);
  }

  /** The partition is ours, again or for the first time: nothing is read before it is fenced. */
  assign(): void {
    this.startFencing(null);
  }

  /** The partition is somebody else's. What is not committed is dropped: its new owner reads those events again. */
  async release(): Promise<void> {
    this.enter('released');
    await this.sink.discard();
  }

  async handle(fetched: SourceBatch, signal: AbortSignal): Promise<void> {
    if (this.state !== 'running' || this.position === null || this.course === null) return;
    const { outputFrom, end } = this.course;
    const batch = cutBatch(fetched, end);
    // Also what was on its way from behind the end when the end was reached: asked for again it would come for ever.
    if (batch.nextOffset <= this.position) return;
    if (batch.fetchedOffset > this.position) {
      // Fetched before the last fence: taking it would skip what lies between.
      this.context.source.start(this.at, this.position);
      return;
    }
    const { ownership, position } = this;
    const { metrics, scorer, commit, publisher, pace } = this.context;
    metrics.batch(batch.records.length);
    const recordsMax = Math.min(
      sliceRecordsMax(scorer.judge.features.length, commit.maxRecords),
      pace?.recordsMax ?? Infinity,
    );
    for (const slice of slices(batch, position, recordsMax, outputFrom)) {
      // Between slices the event loop turns: heartbeats, answers and signals come through however full the topic is.
      await turn();
      await pace?.take(slice.records.length, signal);
      if (signal.aborted || !this.isStillRunning(ownership)) return;
      const scored = await scorer.score(slice, signal);
      if (signal.aborted || !this.isStillRunning(ownership)) return;
      if (firstOffsetOf(slice) < outputFrom) this.pending.addSilent(slice);
      else {
        const output = await publisher.output(scored, signal);
        if (signal.aborted || !this.isStillRunning(ownership)) return;
        this.pending.add(slice, scored, output);
      }
      this.moveTo(slice.nextOffset, slice.highWatermark);
      if (this.isDue()) await this.commitWithRoom(signal);
      if (signal.aborted || !this.isStillRunning(ownership)) return;
    }
    if (batch.nextOffset >= end) this.finish();
  }

  /** All that was to be read is read: what it caused is committed without waiting for more. */
  private finish(): void {
    this.context.source.pause(this.at);
    this.startCommit();
  }

  private isStillRunning(ownership: number): boolean {
    return this.ownership === ownership && this.state === 'running';
  }

  passed(firstOffset: number, nextOffset: number): void {
    if (this.state !== 'running' || this.position === null || this.course === null) return;
    const next = Math.min(nextOffset, this.course.end);
    if (next <= this.position) return;
    if (firstOffset > this.position && this.gapSeenAt !== firstOffset) {
      // Compaction left a gap, or this was fetched before the last fence: a new fetch tells.
      this.gapSeenAt = firstOffset;
      this.context.source.start(this.at, this.position);
      return;
    }
    this.pending.passTo(next);
    this.moveTo(next, Math.max(this.highWatermark, next));
    if (next === this.course.end) this.finish();
  }

  /** What was read so far is committed as ever; from here on the partition waits. */
  unreadable(batch: UnreadableBatch): void {
    if (this.state !== 'running' || this.position === null || this.course === null || this.isThrough())
      return;
    if (batch.offset !== this.position) {
      // Fetched before the last fence.
      this.context.source.start(this.at, this.position);
      return;
    }
    this.context.source.pause(this.at);
    this.wall.found(batch, this.course.past(batch), performance.now());
    this.context.metrics.setUnreadable(this.at, true);
  }

  /** The brokers were asked where the partition ends: what fetches said may be old. */
  heardEnd(logEnd: number): void {
    const offset = this.within(logEnd);
    if (this.state !== 'running' || offset <= this.highWatermark) return;
    if (this.lag() === 0) this.movedAtMs = performance.now();
    this.highWatermark = offset;
    this.context.metrics.setLag(this.at, this.lag());
  }

  /** Called every commit interval: commits what an idle partition still has in hand. */
  tick(): void {
    if (this.state !== 'running' || this.position === null) return;
    if (this.isDue()) this.startCommit();
    if (this.wall.isDue(performance.now())) this.context.source.start(this.at, this.position);
  }

  /** Commits what is finished and takes no more. */
  async drain(): Promise<void> {
    if (this.state === 'running') {
      this.state = 'draining';
      this.context.source.pause(this.at);
      await this.committing;
      // A commit that failed has led to a new fence: then there is nothing left to commit.
      if (this.stateNow() === 'draining') this.startCommit();
      await this.committing;
    }
    await this.release();
  }

  status(): TaskStatus {
    const { position, committed, state, at, course } = this;
    const idleMs = this.lag() === 0 ? 0 : performance.now() - this.movedAtMs;
    return {
      partition: at.partition,
      state,
      position,
      committed,
      lag: position === null ? null : this.lag(),
      end: course === null || course.end === Infinity ? null : course.end,
      idleMs,
      unreadable: this.wall.message,
    };
  }

  private stateNow(): TaskState {
    return this.state;
  }

  private lag(): number {
    return this.position === null ? 0 : Math.max(0, this.highWatermark - this.position);
  }

  /** Offsets from the end of its course on are nothing to it. */
  private within(offset: number): number {
    return Math.min(offset, this.course?.end ?? Infinity);
  }

  private isThrough(): boolean {
    return this.position !== null && this.position >= (this.course?.end ?? Infinity);
  }

  private moveTo(position: number, highWatermark: number): void {
    if (position > (this.position ?? -1) || this.lag() === 0) this.movedAtMs = performance.now();
    this.position = position;
    if (this.wall.movedTo(position)) this.context.metrics.setUnreadable(this.at, false);
    this.highWatermark = Math.max(this.within(highWatermark), position);
    this.context.metrics.setLag(this.at, this.lag());
  }

  private enter(state: TaskState): void {
    this.state = state;
    this.ownership++;
    this.committing = null;
    this.pending = new PendingOutput(this.position ?? 0, performance.now());
  }

  private isDue(): boolean {
    const { pending } = this;
    if (pending.isEmpty) return false;
    return this.isFull() || performance.now() - pending.sinceMs >= this.context.commit.intervalMs;
  }

  private isFull(): boolean {
    return (
      this.pending.offsets >= this.context.commit.maxRecords ||
      this.pending.recordsBytes >= this.context.pendingBytesMax()
    );
  }

  /** Starts the commit that is due; waits only when the one before is still on its way and there is no more room. */
  private async commitWithRoom(signal: AbortSignal): Promise<void> {
    while (this.committing !== null && this.isFull() && !signal.aborted)
      await orAborted(this.committing, signal);
    if (this.state === 'running') this.startCommit();
  }

  /** One commit at a time; what comes in meanwhile waits for the next. */
  private startCommit(): void {
    if (this.committing !== null || this.pending.isEmpty) return;
    const unit = this.pending;
    const { ownership, course } = this;
    if (course === null) return;
    this.pending = new PendingOutput(unit.nextOffset, performance.now());
    const committing = this.commit(unit, course, ownership)
      .catch((error: unknown) => this.context.onFatal(error as OutriderError))
      .finally(() => {
        if (this.ownership === ownership) this.committing = null;
      });
    this.committing = committing;
  }

  private async commit(unit: PendingOutput, course: PartitionCourse, ownership: number): Promise<void> {
    const { metrics, producer, clock, scorer } = this.context;
    const started = performance.now();
    try {
      const transaction = await this.sink.begin();
      if (unit.records.length > 0) await producer.sendAll(unit.records, transaction);
      const written = performance.now();
      // At least once has no fence: an offset of an earlier ownership must not land after a later one.
      if (this.ownership !== ownership) return;
      await transaction.commit(unit.nextOffset, course.metadata(unit));
      metrics.stage('publish', written - started);
      metrics.stage('commit', performance.now() - written);
    } catch (error) {
      metrics.commitFailed();
      if (this.ownership === ownership) this.afterFailure(error);
      return;
    }
    this.failures = 0;
    // Committed is committed, whoever owns the partition by now.
    const { name: model, version } = scorer.judge.identity;
    metrics.committed(this.at, { ...countsOf(unit), model, version, nowMs: clock() });
    if (this.ownership === ownership) this.committed = unit.nextOffset;
  }

  /** Nearly every failed commit is answered by a new fence; what keeps failing, or is no error of Kafka's, is not. */
  private afterFailure(error: unknown): void {
    this.failures++;
    const known = error instanceof KnownError ? error : null;
    if (known === null || (!known.retriable && this.failures > FAILURES_MAX)) {
      this.enter('fencing');
      this.context.source.pause(this.at);
      this.context.onFatal(error as OutriderError);
      return;
    }
    this.startFencing(error);
  }

  private startFencing(cause: unknown): void {
    this.enter('fencing');
    this.context.source.pause(this.at);
    const { ownership } = this;
    if (cause !== null)
      this.context.log.warn(
        { ...this.at, reason: messageOf(cause) },
        'a commit failed; taking the partition over again',
      );
    this.takingOver = this.takingOver
      .then(() => this.takeOver(ownership, cause))
      .catch((error: unknown) => this.context.onFatal(error as OutriderError));
  }

  private async takeOver(ownership: number, cause: unknown): Promise<void> {
    const { context, at } = this;
    let error = cause;
    const started = performance.now();
    const triedForMs = (): number => performance.now() - started;
    if (this.failures > 1)
      await delay(Math.min(FENCE_BACKOFF_FIRST_MS * 2 ** this.failures, FENCE_BACKOFF_MAX_MS));
    for (
      let waitMs = FENCE_BACKOFF_FIRST_MS;
      this.ownership === ownership;
      waitMs = Math.min(waitMs * 2, FENCE_BACKOFF_MAX_MS)
    ) {
      try {
        // Somebody took over. A zombie finds out at its next heartbeat and loses the partition; only a member that
        // the group still knows may fence back.
        if (error instanceof FencedError) await context.nextHeartbeat();
        if (this.ownership !== ownership) return;
        await this.fenceAndStart(ownership, triedForMs());
        return;
      } catch (failure) {
        if (this.ownership !== ownership) return;
        if (!(failure instanceof KnownError) || !mayPass(failure, triedForMs())) {
          context.onFatal(failure as OutriderError);
          return;
        }
        error = failure;
        context.log.warn(
          { ...at, reason: failure.message, retryInMs: waitMs },
          'taking over a partition failed',
        );
        await delay(waitMs);
      }
    }
  }

  /**
   * Steps 1 and 2 of the protocol in docs/ARCHITECTURE.md: the fence, and the committed offset behind it.
   * @param triedForMs since taking over was first tried
   */
  private async fenceAndStart(ownership: number, triedForMs: number): Promise<void> {
    const { sink, at, context } = this;
    const course = await context.course.begin(at, await sink.fence(), triedForMs);
    if (this.ownership !== ownership) return;
    if (course.isNew) await (await sink.begin()).commit(course.offset, course.metadata(null));
    if (this.ownership !== ownership) return;
    this.course = course;
    this.state = 'running';
    this.committed = course.offset;
    this.pending = new PendingOutput(course.offset, performance.now());
    this.gapSeenAt = -1;
    this.moveTo(course.offset, course.logEnd);
    if (!this.isThrough()) context.source.start(at, course.offset);
    context.log.info({ ...at, offset: course.offset, lag: this.lag() }, 'partition taken over');
  }
}

/** Whether taking over again may help: not when something is missing, unless a broker just does not know it yet. */
function mayPass(error: KnownError, triedForMs: number): boolean {
  return (
    error.retriable ||
    (error instanceof MissingRemoteError && error.mayPass && triedForMs <= SETTLE_TIMEOUT_MS)
  );
}

/** The first offset that a slice stands for, control records and gaps aside; Infinity where it has no record. */
function firstOffsetOf({ records }: SourceBatch): number {
  return records.length === 0 ? Infinity : Number(columnsOf(records).offsets[0]);
}

function countsOf({ events, tombstones, anomalies, deadLetters, appendTimesMs }: PendingOutput) {
  return { events, tombstones, anomalies, deadLetters, appendTimesMs };
}

/** Waits for a promise, or for the signal. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (stop = resolve));
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', stop);
}
