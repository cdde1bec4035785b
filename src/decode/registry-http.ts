import { MissingRemoteError, OutriderError, UnreachableError, messageOf } from '../errors.js';
import type { Secret } from '../secret.js';

export interface RegistryOptions {
  /** Without user name, password, query or fragment. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /** Register Outrider's own schemas; otherwise they are looked up and must be there. */
  readonly register: boolean;
}

/** One request's limit, from connecting to the last byte; a registry that is slower counts as down. */
export const REGISTRY_TIMEOUT_MS = 10_000;
/** Largest answer that is read: a schema of the largest size, in JSON inside JSON, and its references. */
export const ANSWER_BYTES_MAX = 4_194_304;
/** Longest that a `Retry-After` is obeyed. */
const RETRY_AFTER_MAX_MS = 60_000;
const FAULT_CHARACTERS_MAX = 200;

/** What a registry said. */
export type RegistryAnswer =
  | { readonly kind: 'found'; readonly body: unknown }
  /** The registry's own 404 (error codes 40401 to 40403), and why. */
  | { readonly kind: 'absent'; readonly why: string }
  /** It is there, but larger than ANSWER_BYTES_MAX. */
  | { readonly kind: 'too-large' };

/**
 * One request to a Confluent-compatible registry. Whatever is not an answer of such a registry throws: a page of a
 * proxy or a wrong path must not be taken for "there is no such schema".
 */
export class RegistryHttp {
  /** @param timeoutMs for one request */
  constructor(
    private readonly options: RegistryOptions,
    private readonly timeoutMs = REGISTRY_TIMEOUT_MS,
  ) {}

  /** The address, for messages. */
  get url(): string {
    return this.options.url;
  }

  /**
   * @throws UnreachableError for time-outs, redirects (which are not followed: the password would go along), what is
   * no JSON, 5xx and 429, with how long it asked to be left alone; MissingRemoteError for 401 and 403, which pass when
   * somebody mends the rights on the other side, and for what else it refuses (an incompatible schema); the signal's
   * reason
   */
  async request(method: string, path: string, body: unknown, signal: AbortSignal): Promise<RegistryAnswer> {
    const { url } = this.options;
    const what = `registry ${url}: ${method} ${path}`;
    // Not AbortSignal.any with AbortSignal.timeout: Node 20 may collect such a time-out as garbage before it fires.
    const limit = new AbortController();
    const stop = (): void => limit.abort();
    const late = setTimeout(
      () => limit.abort(new Error(`no answer within ${this.timeoutMs} ms`)),
      this.timeoutMs,
    );
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const response = await fetch(url.replace(/\/+$/, '') + path, {
        method,
        headers: this.headers(body !== undefined),
        redirect: 'manual',
        signal: limit.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return this.read(what, response, await boundedText(response));
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof OutriderError) throw cause;
      throw new UnreachableError(`${what}: ${messageOf((cause as Error).cause ?? cause)}`, { cause });
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
    }
  }

  private read(what: string, response: Response, text: string | null): RegistryAnswer {
    const { status, headers } = response;
    if (status === 401 || status === 403) throw this.lockedOut(what, status, text);
    if (status >= 300 && status < 400)
      throw new UnreachableError(
        `${what}: a redirect (${status}) to ${originOf(headers.get('location'))}, which is not followed: give input.registry.url the address that it stands for`,
      );
    const isJson = headers.get('content-type')?.includes('json') ?? false;
    if (response.ok && text === null && isJson) return { kind: 'too-large' };
    const parsed = text === null ? null : parsedJson(text);
    if (response.ok && parsed !== null) return { kind: 'found', body: parsed.body };
    const fault = this.faultOf(parsed?.body);
    if (status === 404 && fault !== null && ABSENT_CODES.has(fault.code))
      return { kind: 'absent', why: fault.message };
    if (fault !== null && status > 404 && status < 500 && !PASSING.has(status))
      throw new MissingRemoteError(`${what}: status ${status}: ${fault.message}`);
    const told = fault === null ? 'not an answer of a schema registry' : fault.message;
    throw new UnreachableError(`${what}: status ${status}: ${told}`, {
      retryAfterMs: retryAfterMs(headers.get('retry-after')),
    });
  }

  private lockedOut(what: string, status: number, text: string | null): MissingRemoteError {
    const { username } = this.options;
    const told = this.faultOf(parsedJson(text ?? '')?.body)?.message;
    const remedy =
      status === 403
        ? `this user may not do that; ask for the right, or look at input.registry.username`
        : username === undefined
          ? 'it asks for a user: set input.registry.username and input.registry.password'
          : 'it does not take this user: look at input.registry.username and input.registry.password';
    return new MissingRemoteError(
      `${what}: status ${status}${told === undefined ? '' : ` (${told})`}; ${remedy}`,
      {
        mayPass: true,
      },
    );
  }

  private headers(hasBody: boolean): Record<string, string> {
    const { username, password } = this.options;
    const headers: Record<string, string> = {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
    };
    if (hasBody) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
    if (username !== undefined) headers.authorization = `Basic ${credentials(username, password)}`;
    return headers;
  }

  /** What a registry says is wrong, without what it was told in confidence: some say it back. */
  private faultOf(body: unknown): RegistryFault | null {
    const { username, password } = this.options;
    if (username === undefined || password === undefined) return faultIn(body);
    const confidential = [credentials(username, password), password.reveal()].filter((text) => text !== '');
    return faultIn(body, (message) =>
      confidential.reduce((shown, text) => shown.replaceAll(text, '[hidden]'), message),
    );
  }
}

/** Request Timeout, Too Early, Too Many Requests. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Subject, version and schema not found. Any other 404 comes from a path that is no registry's. */
const ABSENT_CODES: ReadonlySet<number> = new Set([40_401, 40_402, 40_403]);

/** @returns null when there is more than ANSWER_BYTES_MAX; the rest is not read */
async function boundedText(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsedJson(text: string): { readonly body: unknown } | null {
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    // Not JSON: whoever asks knows what that means.
    return null;
  }
}

interface RegistryFault {
  readonly code: number;
  readonly message: string;
}

/** Of HTTP Basic. */
function credentials(username: string, password: Secret | undefined): string {
  return Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64');
}

/** Confluent's error body, `{error_code, message}`; other JSON is none. The message is cut, on one line, printable. */
function faultIn(body: unknown, hide = (text: string) => text): RegistryFault | null {
  if (typeof body !== 'object' || body === null) return null;
  const { error_code: code, message } = body as { error_code?: unknown; message?: unknown };
  if (typeof code !== 'number') return null;
  const text = typeof message === 'string' ? message : 'no message';
  return { code, message: `${printable(hide(text))} (error code ${code})` };
}

/** What somebody else wrote, as part of a line of ours. */
export function printable(text: string): string {
  const line = text.slice(0, FAULT_CHARACTERS_MAX).replace(/[\p{C}\s]+/gu, ' ');
  return text.length > FAULT_CHARACTERS_MAX ? `${line}…` : line;
}

function originOf(location: string | null): string {
  return location !== null && URL.canParse(location) ? new URL(location).origin : 'another path';
}

/** RFC 9110, 10.2.3: seconds or a date. */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), RETRY_AFTER_MAX_MS);
}
