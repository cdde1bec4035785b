import type { Logger } from 'pino';
import type { KafkaAdmin } from '../kafka/admin.js';
import type { KafkaConfig } from '../kafka/client.js';
import type { Delivery, OutgoingRecord, TopicPartition } from '../model.js';
import type { RecordTransport } from '../ports.js';
import { Producer } from '../publish/producer.js';
import { recordBytes } from '../publish/record-size.js';
import { Ledger } from './ledger.js';
import { goneRecord, pageRecord, takeOverRecord } from './ledger-record.js';
import {
  LEDGER_PARTITION,
  type LedgerReading,
  ledgerTopicName,
  makeLedgerTopic,
  readLedgers,
  wasTakenOver,
} from './ledger-topic.js';
import type { Letter } from './letter.js';
import type { Outcome, Treated } from './treatment.js';

export interface RedriveWriterOptions {
  readonly kafka: KafkaConfig;
  readonly group: string;
  /** The dead-letter topic. */
  readonly topic: string;
  /** The largest record batch of each topic that is written to, in bytes. */
  readonly batchBytesMax: (topic: string) => number;
  /** How the letters of a partition are committed. */
  readonly writerFor: (partition: number) => LetterWriter;
  readonly admin: KafkaAdmin;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Commits for one partition of letters. Calls, in order: fence, then any number of writes one after the other; after an
 * error discard, and fence again. Whoever made it calls discard at the end.
 */
export interface LetterWriter {
  /** Makes every earlier redrive of these letters powerless and settles what it left open. @throws OutriderError */
  fence(): Promise<void>;
  /** What is sent becomes visible together, or not at all. @throws OutriderError; the outcome is then unknown */
  write<T>(send: (via: RecordTransport) => Promise<T>): Promise<T>;
  /** May be called twice. */
  discard(): Promise<void>;
}

/** Of one transaction; also what is kept in memory. */
const UNIT_LETTERS_MAX = 4096;
const UNIT_BYTES_MAX = 8_388_608;
/** Of all partitions together; then everything is committed before more is read. */
const WAITING_BYTES_MAX = 67_108_864;

/** What waits for the next transaction of a partition. */
export interface Unit {
  readonly partition: number;
  readonly letters: Letter[];
  readonly outcomes: Outcome[];
  readonly records: OutgoingRecord[];
  bytes: number;
}

/** The transactional id of whoever redrives the letters of a partition. No fleet's has three slashes. */
export function redriveId(group: string, { topic, partition }: TopicPartition): string {
  return `${group}/dlq/${topic}/${partition}`;
}

/**
 * Commits what letters cause together with the ledger's pages that say so. Calls, in order: takeOver, then add and
 * flush; after an error it is disposed of and a new one starts at the fence.
 */
export class RedriveWriter implements AsyncDisposable {
  private readonly writers: ReadonlyMap<number, LetterWriter>;
  private readonly producer: Producer;
  private readonly ledgers = new Map<number, Ledger>();
  /** What waits for a commit, by partition of the letters. */
  private readonly units = new Map<number, Unit>();
  /** Commits on their way, one a partition at most. */
  private readonly committing = new Map<number, { readonly unit: Unit; readonly done: Promise<void> }>();
  private failure: Error | null = null;
  /** Where this redrive's marks stand in the ledger topic, by partition of the letters. */
  private readonly marks = new Map<number, number>();
  /** What was being committed when an error came: nobody knows yet whether it is. */
  readonly inDoubt: Unit[] = [];

  /**
   * @param partitionsToDo of the dead-letter topic
   * @param onCommitted told of what is committed
   */
  constructor(
    private readonly options: RedriveWriterOptions,
    partitionsToDo: readonly number[],
    private readonly onCommitted: (outcomes: readonly Outcome[]) => void,
  ) {
    const { writerFor, batchBytesMax } = options;
    this.writers = new Map(partitionsToDo.map((partition) => [partition, writerFor(partition)]));
    this.producer = new Producer({ transport: onlyInTransactions, batchBytesMax });
  }

  /** Letters that are not committed yet. */
  get lettersWaiting(): number {
    return this.waiting().reduce((sum, { letters }) => sum + letters.length, 0);
  }

  private get bytesWaiting(): number {
    return this.waiting().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private waiting(): Unit[] {
    return [...this.units.values(), ...[...this.committing.values()].map(({ unit }) => unit)];
  }

  /**
   * Fences every earlier redrive of these letters, leaves a mark in the ledger, and reads the ledger up to that mark: a
   * broker that knows the mark knows everything that was committed before it.
   */
  async takeOver(): Promise<ReadonlyMap<number, Ledger>> {
    const { options, writers } = this;
    await makeLedgerTopic(this.reading);
    await Promise.all([...writers.values()].map((writer) => writer.fence()));
    let end = 0;
    for (const [partition, writer] of writers) {
      const mark = takeOverRecord(this.ledgerPlace, this.lettersAt(partition));
      const [delivery] = await writer.write((via) => this.producer.sendAll([mark], via));
      const { offset } = delivery as Delivery;
      this.marks.set(partition, offset);
      end = Math.max(end, offset + 1);
    }
    for (const [partition, ledger] of await readLedgers(this.reading, end))
      this.ledgers.set(partition, ledger);
    const ranges = await options.admin.range(options.topic);
    for (const partition of writers.keys()) {
      const ledger = this.ledgers.get(partition) ?? new Ledger();
      this.ledgers.set(partition, ledger);
      await this.forget(partition, ledger, ranges.get(partition)?.low ?? 0);
    }
    return this.ledgers;
  }

  /** Whether it was another redrive that fenced this one. @throws OutriderError */
  async wasTakenOver(): Promise<boolean> {
    return this.marks.size > 0 && wasTakenOver(this.reading, this.marks);
  }

  /**
   * Takes what letters cause. A commit that is due is started and not waited for, but for the one before of the same
   * partition. @throws OutriderError of an earlier commit
   */
  async add(partition: number, letters: readonly Letter[], { records, outcomes }: Treated): Promise<void> {
    let unit = this.units.get(partition);
    if (unit === undefined) {
      unit = { partition, letters: [], outcomes: [], records: [], bytes: 0 };
      this.units.set(partition, unit);
    }
    // One by one: a spread of a hundred thousand is more arguments than a call takes.
    for (const letter of letters) unit.letters.push(letter);
    for (const outcome of outcomes) unit.outcomes.push(outcome);
    for (const record of records) {
      unit.records.push(record);
      unit.bytes += recordBytes(record);
    }
    if (unit.letters.length >= UNIT_LETTERS_MAX || unit.bytes >= UNIT_BYTES_MAX) await this.start(unit);
    if (this.bytesWaiting >= WAITING_BYTES_MAX) await this.flush();
  }

  /** Commits what waits, and waits for it. @throws OutriderError; the outcome is then unknown */
  async flush(): Promise<void> {
    for (const unit of [...this.units.values()]) await this.start(unit);
    await this.settled();
    if (this.failure !== null) throw this.failure;
  }

  /** Resolves when no commit is on its way any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.committing.values()].map(({ done }) => done));
  }

  /** Starts a commit as soon as the one before of the partition is through. */
  private async start(unit: Unit): Promise<void> {
    const { partition } = unit;
    await this.committing.get(partition)?.done;
    // After an error nothing more is committed: what came before has to be looked up first.
    if (this.failure !== null) throw this.failure;
    this.units.delete(partition);
    if (unit.letters.length === 0) return;
    const done = this.commit(unit).then(
      () => void this.committing.delete(partition),
      (error: unknown) => {
        this.committing.delete(partition);
        this.inDoubt.push(unit);
        this.failure ??= error as Error;
      },
    );
    this.committing.set(partition, { unit, done });
  }

  private async commit({ partition, letters, outcomes, records }: Unit): Promise<void> {
    const ledger = this.ledgers.get(partition) as Ledger;
    for (const [index, { offset, timestampMs }] of letters.entries()) {
      const state = STATE_OF[outcomes[index] as Outcome];
      if (state !== null) ledger.mark(offset, timestampMs, state);
    }
    const at = this.lettersAt(partition);
    const pages = ledger.takeTouched().map((page) => pageRecord(this.ledgerPlace, at, page));
    await this.write(partition, [...records, ...pages]);
    this.onCommitted(outcomes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    await Promise.all([...this.writers.values()].map((writer) => writer.discard()));
  }

  /** What the ledger says of letters that retention has deleted is of no use to anybody. */
  private async forget(partition: number, ledger: Ledger, low: number): Promise<void> {
    const gone = ledger.dropBelow(low);
    const at = this.lettersAt(partition);
    const to = this.ledgerPlace;
    if (gone.length > 0)
      await this.write(
        partition,
        gone.map((first) => goneRecord(to, at, first)),
      );
  }

  private async write(partition: number, records: readonly OutgoingRecord[]): Promise<void> {
    const writer = this.writers.get(partition) as LetterWriter;
    if (records.length > 0) await writer.write((via) => this.producer.sendAll(records, via));
  }

  private get reading(): LedgerReading {
    const { kafka, group, topic, admin, log, signal } = this.options;
    return { kafka, group, letters: topic, admin, log, signal };
  }

  private lettersAt(partition: number): TopicPartition {
    return { topic: this.options.topic, partition };
  }

  private get ledgerPlace(): TopicPartition {
    return { topic: ledgerTopicName(this.options.group), partition: LEDGER_PARTITION };
  }
}

const STATE_OF = {
  anomaly: 'redriven',
  normal: 'redriven',
  sent: 'redriven',
  'failed-again': 'failed-again',
  parked: 'parked',
  unusable: null,
} as const;

const onlyInTransactions: RecordTransport = {
  send: () => Promise.reject(new TypeError('what a redrive writes goes through a transaction')),
};
