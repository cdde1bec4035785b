import type { Logger } from 'pino';
import type { SourceRecord } from '../model.js';
import { type KafkaConfig, createClient } from './client.js';
import { fetchedBatch, toSourceBatch } from './record-format.js';
import { FETCH_WAIT_MAX_MS, SUBSCRIBER_COMMIT_INTERVAL_MS } from './time-outs.js';
import { unreadableBehind, unreadableError } from './unreadable.js';
import { translateError, translated } from './translate-errors.js';

export interface GroupReading {
  readonly kafka: KafkaConfig;
  readonly topic: string;
  readonly group: string;
  /** Where a new group starts: at the beginning, else at the end. */
  readonly fromBeginning: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface GroupRecord {
  readonly partition: number;
  readonly record: SourceRecord;
}

interface Handover extends GroupRecord {
  taken(): void;
}

/**
 * Committed records of a topic as a member of a group that keeps its own offsets, at least once: a record counts as
 * done when the next one is asked for. @throws OutriderError; ends quietly when the signal aborts
 */
export async function* readGroup({
  kafka,
  topic,
  group,
  fromBeginning,
  log,
  signal,
}: GroupReading): AsyncGenerator<GroupRecord> {
  const consumer = createClient(kafka, 'consumer', log).consumer({
    groupId: group,
    sessionTimeout: kafka.sessionTimeoutMs,
    heartbeatInterval: kafka.heartbeatIntervalMs,
    rebalanceTimeout: kafka.rebalanceTimeoutMs,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: FETCH_WAIT_MAX_MS,
    readUncommitted: false,
  });
  let offered: Handover | null = null;
  let failure: Error | null = null;
  let wake: () => void = () => undefined;
  let ended = false;
  /** Of the record that the reader has in hand. */
  let inHand: Handover | null = null;
  const end = (): void => {
    ended = true;
    inHand?.taken();
    offered?.taken();
    wake();
  };
  signal.addEventListener('abort', end, { once: true });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (payload.restart) return;
    failure = translateError(payload.error, `group ${group}, topic ${topic}`);
    wake();
  });
  try {
    await translated(`group ${group}, topic ${topic}: joining`, async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning });
      await consumer.run({
        autoCommitInterval: SUBSCRIBER_COMMIT_INTERVAL_MS,
        eachBatchAutoResolve: false,
        eachBatch: async ({
          batch,
          resolveOffset,
          heartbeat,
          commitOffsetsIfNecessary,
          isRunning,
          isStale,
        }) => {
          const unreadable = unreadableBehind(fetchedBatch(batch));
          for (const message of toSourceBatch(fetchedBatch(batch), unreadable).records) {
            if (ended || !isRunning() || isStale()) return;
            await offer({ partition: batch.partition, record: message }, heartbeat);
            if (ended) return;
            resolveOffset(message.offset);
            await heartbeat();
            await commitOffsetsIfNecessary();
          }
          if (unreadable === null) return;
          failure = unreadableError(batch, unreadable);
          wake();
        },
      });
    });
    while (!signal.aborted) {
      if (failure !== null) throw failure as Error;
      if (offered === null) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const { partition, record, taken } = offered as Handover;
      inHand = offered;
      offered = null;
      yield { partition, record };
      inHand = null;
      taken();
    }
  } finally {
    end();
    signal.removeEventListener('abort', end);
    await consumer.disconnect();
  }

  /** Resolves when the reader has come back for the next record. */
  async function offer(next: GroupRecord, heartbeat: () => Promise<void>): Promise<void> {
    let lost: unknown = null;
    await new Promise<void>((resolve) => {
      const beat = setInterval(() => {
        heartbeat().catch((error: unknown) => {
          lost = error;
          done();
        });
      }, kafka.heartbeatIntervalMs);
      const done = (): void => {
        clearInterval(beat);
        resolve();
      };
      offered = { ...next, taken: done };
      wake();
    });
    if (lost !== null) throw lost as Error;
  }
}
