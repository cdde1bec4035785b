import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Type } from 'avsc';
import { LRUCache } from 'lru-cache';
import { MissingRemoteError, UnreachableError } from '../errors.js';
import { isAbsent, RegistryClient } from './registry-client.js';
import { REGISTRY_TIMEOUT_MS, type RegistryOptions } from './registry-http.js';
import { parseRegistered } from './schema-references.js';
import { type NoSchema, type SchemaSource, isNoSchema } from './schema-source.js';

/** Ids of one batch that are asked for at a time. */
export const LOOKUPS_CONCURRENT_MAX = 16;
/** Ids without a schema that one process asks for in a second; see `notAsked`. */
export const UNKNOWN_IDS_PER_SECOND_MAX = 16;
/** How long an id without a schema is not asked for again. */
export const UNKNOWN_ID_KEPT_MS = 30_000;
/** Such ids that are remembered, the least recently used dropped first. */
const UNKNOWN_IDS_MAX = 5000;
/** Registries count with a signed int from 1; a larger id is not asked for. */
const ID_MAX = 2_147_483_647;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;
/** Reasons that are named at a time. */
const REASONS_NAMED_MAX = 3;

/** Told whenever it changes for which schemas the registry is being waited for, and why; null: for none. */
export type RegistryWaiting = (reason: string | null) => void;

/** Somebody whose schema the registry does not give now. */
interface Wait {
  /** Null before the first failure. */
  reason: string | null;
}

/** A Confluent-compatible registry as a source of writer schemas. */
export class SchemaRegistry implements SchemaSource {
  private readonly client: RegistryClient;
  /** At most LOOKUPS_CONCURRENT_MAX for a batch in hand. */
  private readonly waits = new Set<Wait>();
  private readonly lookups = new Map<string, Promise<Type | NoSchema>>();
  private readonly unknown: LRUCache<string, NoSchema>;
  private second = -Infinity;
  private unknownInSecond = 0;

  /**
   * @param timeoutMs for one request
   * @param now monotonic, in ms
   * @param isPatient waits for the next second where otherwise `notAsked` is the answer: for who has the time
   */
  constructor(
    options: RegistryOptions,
    private readonly onWaiting: RegistryWaiting = () => undefined,
    timeoutMs = REGISTRY_TIMEOUT_MS,
    private readonly now: () => number = () => performance.now(),
    private readonly isPatient = false,
  ) {
    this.client = new RegistryClient(options, timeoutMs);
    this.unknown = new LRUCache({
      max: UNKNOWN_IDS_MAX,
      ttl: UNKNOWN_ID_KEPT_MS,
      ttlResolution: 0,
      perf: { now },
    });
  }

  async find(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Type | NoSchema>> {
    const answers = new Map<string, Type | NoSchema>();
    const over = new AbortController();
    // All lookups of the batch listen to it, each more than once.
    setMaxListeners(0, over.signal);
    const giveUp = (): void => over.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    const rest = keys.values();
    const work = async (): Promise<void> => {
      for (const key of rest) answers.set(key, await this.answer(key, over.signal));
    };
    try {
      await Promise.all(Array.from({ length: Math.min(LOOKUPS_CONCURRENT_MAX, keys.length) }, work));
      return answers;
    } finally {
      signal.removeEventListener('abort', giveUp);
      over.abort();
    }
  }

  private async answer(key: string, signal: AbortSignal): Promise<Type | NoSchema> {
    for (;;) {
      if (Number(key) > ID_MAX) return { why: 'no registry gives an id this large' };
      const unknown = this.unknown.get(key);
      if (unknown !== undefined) return unknown;
      const running = this.lookups.get(key);
      if (running === undefined) break;
      // Another batch asks already. If it gives up, for a reason of its own, this one asks.
      const answer = await settled(running, signal);
      if (answer !== null) return answer;
    }
    while (this.isSpent()) {
      if (!this.isPatient) return notAsked;
      await delay(1000 - (this.now() % 1000), undefined, { signal });
    }
    const lookup = this.lookUp(key, signal);
    this.lookups.set(key, lookup);
    try {
      const answer = await lookup;
      if (isNoSchema(answer)) {
        this.unknownInSecond++;
        this.unknown.set(key, answer);
      }
      return answer;
    } finally {
      this.lookups.delete(key);
    }
  }

  /** Whether so many ids turned out to be unknown within this second that no more are asked for. */
  private isSpent(): boolean {
    const second = Math.floor(this.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.unknownInSecond = 0;
    }
    return this.unknownInSecond >= UNKNOWN_IDS_PER_SECOND_MAX;
  }

  private lookUp(id: string, signal: AbortSignal): Promise<Type | NoSchema> {
    return this.untilAnswered(async () => {
      const found = await this.client.byId(id, signal);
      return isAbsent(found) ? found : parseRegistered(this.client, found, signal);
    }, signal);
  }

  private async untilAnswered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const wait: Wait = { reason: null };
    this.waits.add(wait);
    try {
      for (let waitMs = BACKOFF_FIRST_MS; ; waitMs = Math.min(waitMs * 2, BACKOFF_MAX_MS)) {
        let retryAfterMs = 0;
        try {
          return await ask();
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof UnreachableError) ({ retryAfterMs } = error);
          else if (!(error instanceof MissingRemoteError)) throw error;
          wait.reason = error.message;
        }
        this.onWaiting(this.reason());
        await delay(Math.max(waitMs, retryAfterMs), undefined, { signal });
      }
    } catch (error) {
      // Whoever gave up knows the error by its identity: kafkajs has to see its own.
      signal.throwIfAborted();
      throw error;
    } finally {
      this.waits.delete(wait);
      if (wait.reason !== null) this.onWaiting(this.reason());
    }
  }

  /** Several partitions may wait for the same schema. */
  private reason(): string | null {
    const reasons = [...new Set([...this.waits].flatMap(({ reason }) => reason ?? []))].sort();
    if (reasons.length === 0) return null;
    const more = reasons.length - REASONS_NAMED_MAX;
    return `${reasons.slice(0, REASONS_NAMED_MAX).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  }
}

/**
 * Instead of a question: a topic full of ids that nobody gave would otherwise wait for the registry all the time, and
 * the registry would have nothing else to do. It is not remembered: the next batch may ask.
 */
const notAsked: NoSchema = {
  why: `the registry was not asked: more than ${UNKNOWN_IDS_PER_SECOND_MAX} unknown ids within a second`,
};

/** @returns what somebody else's lookup gave; null where it failed. @throws the signal's reason */
async function settled(
  running: Promise<Type | NoSchema>,
  signal: AbortSignal,
): Promise<Type | NoSchema | null> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<null>((resolve) => (stop = () => resolve(null)));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([running.catch(() => null), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
  }
}
