/** When a run that is to stop at the end has nothing more to wait for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, UnreadableBatchError } from '../../src/errors.js';
import { untilCommitted } from '../../src/fleet/end-offsets.js';
import type { TaskStatus } from '../../src/pipeline/task-context.js';
import type { OffsetReader } from '../../src/ports.js';
import { until } from '../support/until.js';

const task = (partition: number, change: Partial<TaskStatus>): TaskStatus => ({
  partition,
  state: 'running',
  position: 5,
  committed: 5,
  lag: 5,
  end: null,
  idleMs: 0,
  unreadable: null,
  ...change,
});

/** Waits for three partitions of ten events each. */
class Waiting {
  readonly committed = [0, 0, 0];
  tasks: readonly TaskStatus[] = [];
  ended: 'done' | Error | null = null;
  private asked = 0;
  private readonly stop = new AbortController();

  constructor() {
    const offsets = {
      committed: () => {
        this.asked++;
        return Promise.resolve(
          new Map(this.committed.map((offset, partition) => [partition, { offset, metadata: '' }])),
        );
      },
    } as unknown as OffsetReader;
    const ends = new Map([0, 1, 2].map((partition) => [partition, 10]));
    untilCommitted(offsets, 'g', 't', ends, this.stop.signal, () => this.tasks).then(
      () => (this.ended = 'done'),
      (error: unknown) => (this.ended = error as Error),
    );
  }

  /** What it makes of the state as it is now. */
  async look(): Promise<'done' | Error | null> {
    const before = this.asked;
    await until('it asks twice more', 5000, () => this.ended !== null || this.asked > before + 1);
    return this.ended;
  }

  [Symbol.dispose](): void {
    this.stop.abort();
  }
}

test('what stands before an unreadable batch ends the waiting once everything else is committed', async () => {
  using waiting = new Waiting();
  const { committed } = waiting;
  [committed[0], committed[1]] = [5, 10];
  waiting.tasks = [task(0, { unreadable: 'partition 0 is torn' }), task(2, {})];
  assert.equal(await waiting.look(), null, 'partition 2 goes on');
  committed[2] = 8;
  waiting.tasks = [
    task(0, { unreadable: 'partition 0 is torn' }),
    task(2, { unreadable: 'partition 2 is torn', position: 9, committed: 8 }),
  ];
  assert.equal(await waiting.look(), null, 'partition 2 has not committed what it read');
  waiting.tasks = [
    task(0, { unreadable: 'partition 0 is torn' }),
    task(2, { unreadable: 'partition 2 is torn', position: 8, committed: 8 }),
  ];
  const error = await waiting.look();
  assert.ok(error instanceof UnreadableBatchError);
  assert.equal(error.exitCode, EXIT.unusable);
  assert.equal(error.message, 'partition 0 is torn (the same of 1 more partition)');
});

test('an unreadable batch behind the end is not waited for', async () => {
  using waiting = new Waiting();
  waiting.committed.fill(10);
  waiting.tasks = [task(0, { unreadable: 'torn', position: 10, committed: 10 })];
  assert.equal(await waiting.look(), 'done');
});
