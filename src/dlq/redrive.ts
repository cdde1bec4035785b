import { setTimeout as delay } from 'node:timers/promises';
import { AnswerNoError, FencedError, OutriderError, UnreadableBatchError } from '../errors.js';
import { REDRIVE_BACKOFF_FIRST_MS, REDRIVE_BACKOFF_MAX_MS } from '../kafka/time-outs.js';
import type { Ledger } from './ledger.js';
import { readLedgers } from './ledger-topic.js';
import { lettersOf } from './letters-of.js';
import type { Letter } from './letter.js';
import type { LetterSelector, Selected } from './letter-selector.js';
import { RedriveTally } from './redrive-tally.js';
import { RedriveWriter, type RedriveWriterOptions, type Unit } from './redrive-writer.js';
import type { Treated, Treatment } from './treatment.js';

export interface RedriveOptions extends RedriveWriterOptions {
  /** What is read of the dead-letter topic: [from, to), by partition. */
  readonly from: ReadonlyMap<number, number>;
  readonly to: ReadonlyMap<number, number>;
  readonly selector: LetterSelector;
  readonly treatment: Treatment;
  /** Letters to take at most. */
  readonly limit: number;
  /** Says what would happen, and writes nothing. */
  readonly isDryRun: boolean;
  readonly onProgress: (lettersRead: number) => void;
}

/** Passes in a row that may fail without a single letter having got any further. */
const FAILURES_MAX = 10;

/**
 * Takes dead letters and commits what they cause together with the note that they are done, a few thousand at a time.
 * After any error that may pass everything starts at the fence again, from what the ledger says. Ends early, with what
 * it has in hand committed, when the signal aborts.
 * @throws AnswerNoError where another redrive of the group took over; OutriderError
 */
export async function redrive(options: RedriveOptions): Promise<RedriveTally> {
  const work = new Redrive(options);
  let failures = 0;
  for (let waitMs = REDRIVE_BACKOFF_FIRST_MS; ; waitMs = Math.min(waitMs * 2, REDRIVE_BACKOFF_MAX_MS)) {
    const before = work.tally.committed;
    try {
      await work.pass();
      return work.tally;
    } catch (error) {
      // Who is asked to stop does not fence anybody any more; the ledger says what is done.
      if (options.signal.aborted) return work.tally;
      failures = work.tally.committed > before ? 1 : failures + 1;
      if (!(error instanceof OutriderError) || !error.retriable || failures > FAILURES_MAX) throw error;
      options.log.warn({ reason: error.message, retryInMs: waitMs }, 'starting at the ledger again');
    }
    try {
      await delay(waitMs, undefined, { signal: options.signal });
    } catch {
      // Asked to stop while waiting.
      return work.tally;
    }
  }
}

class Redrive {
  readonly tally = new RedriveTally();
  /** Of a pass that failed while it was committing. */
  private inDoubt: readonly Unit[] = [];

  constructor(private readonly options: RedriveOptions) {}

  /** From the fence to the end of the range, or to the first error. */
  async pass(): Promise<void> {
    const { options, tally } = this;
    const from = new Map(
      [...options.from].filter(([partition, offset]) => offset < (options.to.get(partition) ?? 0)),
    );
    if (from.size === 0) {
      tally.isComplete = true;
      return;
    }
    tally.startPass(options.isDryRun);
    if (options.isDryRun) {
      const reading = { ...options, letters: options.topic };
      await this.go(from, await readLedgers(reading), null);
      tally.isComplete = !options.signal.aborted;
      return;
    }
    await using writer = new RedriveWriter(options, [...from.keys()], (outcomes) => tally.take(outcomes));
    try {
      const ledgers = await writer.takeOver();
      options.signal.throwIfAborted();
      this.settle(ledgers);
      await this.goAsFarAsItGoes(from, ledgers, writer);
      tally.isComplete = !options.signal.aborted;
    } catch (error) {
      // One that is still in doubt from before is not forgotten over a fence that failed.
      await writer.settled();
      this.inDoubt = [...this.inDoubt, ...writer.inDoubt];
      if (error instanceof FencedError && (await writer.wasTakenOver())) {
        const { topic, group } = options;
        throw new AnswerNoError(
          `topic ${topic}: another redrive of group ${group} has taken over; this one has stopped, and no letter was done twice`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  /** A batch that cannot be read ends it; what came before is committed all the same. */
  private async goAsFarAsItGoes(
    from: ReadonlyMap<number, number>,
    ledgers: ReadonlyMap<number, Ledger>,
    writer: RedriveWriter,
  ): Promise<void> {
    try {
      await this.go(from, ledgers, writer);
    } catch (error) {
      if (error instanceof UnreadableBatchError) await writer.flush();
      throw error;
    }
    await writer.flush();
  }

  private async go(
    from: ReadonlyMap<number, number>,
    ledgers: ReadonlyMap<number, Ledger>,
    writer: RedriveWriter | null,
  ): Promise<void> {
    const { options, tally } = this;
    const { to, topic, kafka, group, log, signal } = options;
    const room = (): number => options.limit - tally.taken - (writer?.lettersWaiting ?? 0);
    const groupPrefix = `${group}.dlq`;
    for await (const letters of lettersOf({ kafka, topic, groupPrefix, from, to, log, signal })) {
      if (room() <= 0) return;
      const partition = letters[0]?.partition;
      if (partition === undefined) continue;
      const chosen = await this.choose(letters, ledgers.get(partition), room());
      if (chosen === null) return;
      const { taken, counts, treated } = chosen;
      tally.passOver(counts);
      if (writer === null) tally.take(treated.outcomes);
      else await writer.add(partition, taken, treated);
      options.onProgress(tally.read);
      if (room() <= 0) return;
    }
  }

  /** @returns null when the signal aborted before it was known */
  private async choose(
    letters: readonly Letter[],
    ledger: Ledger | undefined,
    limit: number,
  ): Promise<(Selected & { readonly treated: Treated }) | null> {
    const { selector, treatment, signal } = this.options;
    try {
      const selected = await selector.select(letters, ledger, limit, signal);
      return { ...selected, treated: await treatment.treat(selected.taken, signal) };
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** A commit whose outcome was not known: now the ledger tells. */
  private settle(ledgers: ReadonlyMap<number, Ledger>): void {
    const { inDoubt } = this;
    this.inDoubt = [];
    for (const { partition, letters, outcomes } of inDoubt) {
      const ledger = ledgers.get(partition);
      const isCommitted = letters.some(
        ({ offset, timestampMs }) =>
          ledger !== undefined && ledger.stateOf(offset, timestampMs) !== 'waiting',
      );
      if (isCommitted) this.tally.take(outcomes);
    }
  }
}
