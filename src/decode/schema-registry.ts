import { setTimeout as delay } from 'node:timers/promises';
import type { Type } from 'avsc';
import { MissingRemoteError, UnreachableError, messageOf } from '../errors.js';
import type { Secret } from '../secret.js';
import { parseSchema } from './avro-schema.js';
import type { SchemaSource } from './schema-source.js';

export interface RegistryOptions {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /** Register Outrider's own schemas; otherwise they are looked up and must be there. */
  readonly register: boolean;
}

/** One request's limit; a registry that is slower counts as down. */
export const REGISTRY_TIMEOUT_MS = 10_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;

/** Told whenever it changes for which schemas the registry is being waited for, and why; null: for none. */
export type RegistryWaiting = (reason: string | null) => void;

/** Somebody whose schema the registry does not give now. */
interface Wait {
  /** Null before the first failure. */
  reason: string | null;
}

/**
 * A Confluent-compatible schema registry, as a source of writer schemas (`GET /schemas/ids/{id}`) and of the ids of
 * Outrider's own schemas.
 */
export class SchemaRegistry implements SchemaSource {
  /** One a batch in hand at most. */
  private readonly waits = new Set<Wait>();

  constructor(
    private readonly options: RegistryOptions,
    private readonly onWaiting: RegistryWaiting = () => undefined,
  ) {}

  async find(id: string, signal: AbortSignal): Promise<Type | null> {
    const body = await this.untilAnswered(
      () => this.request('GET', `/schemas/ids/${id}`, undefined, signal),
      signal,
    );
    if (body === null) return null;
    const { schema, schemaType } = body as { schema?: unknown; schemaType?: unknown };
    if (typeof schema !== 'string' || (schemaType !== undefined && schemaType !== 'AVRO')) return null;
    try {
      return parseSchema(schema);
    } catch {
      // What the registry holds under this id is not an Avro schema: the event is a dead letter, like an unknown id.
      return null;
    }
  }

  /**
   * The id under which a schema stands, by Confluent's TopicNameStrategy.
   * @throws MissingRemoteError where it is not registered and `register` is off
   */
  async idOf(subject: string, schema: string, signal: AbortSignal): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}${this.options.register ? '/versions' : ''}`;
    const body = await this.request('POST', path, { schema }, signal);
    const id = (body as { id?: unknown } | null)?.id;
    if (typeof id !== 'number') {
      throw new MissingRemoteError(
        `registry ${this.options.url}: subject ${subject} does not hold Outrider's schema; register it, or set input.registry.register: true`,
      );
    }
    return id;
  }

  /** Asks the registry for its subjects, to see that it answers. @throws UnreachableError */
  async ping(signal: AbortSignal): Promise<void> {
    await this.request('GET', '/subjects', undefined, signal);
  }

  private async untilAnswered(ask: () => Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const wait: Wait = { reason: null };
    this.waits.add(wait);
    try {
      for (let waitMs = BACKOFF_FIRST_MS; ; waitMs = Math.min(waitMs * 2, BACKOFF_MAX_MS)) {
        try {
          return await ask();
        } catch (error) {
          if (signal.aborted || !(error instanceof UnreachableError)) throw error;
          wait.reason = error.message;
        }
        this.onWaiting(this.reason());
        await delay(waitMs, undefined, { signal });
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
    const reasons = new Set([...this.waits].flatMap(({ reason }) => reason ?? []));
    return reasons.size === 0 ? null : [...reasons].sort().join('; ');
  }

  /** @returns the JSON body, or null for 404. @throws UnreachableError for everything else that is not an answer */
  private async request(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const { url, username, password } = this.options;
    const headers: Record<string, string> = {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
    };
    if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
    if (username !== undefined) {
      headers.authorization = `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')}`;
    }
    const init: RequestInit = {
      method,
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REGISTRY_TIMEOUT_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    try {
      const response = await fetch(url.replace(/\/$/, '') + path, init);
      if (response.status === 404) {
        await response.body?.cancel();
        return null;
      }
      const text = await response.text();
      if (!response.ok) throw new Error(`status ${response.status}`);
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new UnreachableError(
        `registry ${url}: ${method} ${path}: ${messageOf((cause as Error).cause ?? cause)}`,
        { cause },
      );
    }
  }
}
