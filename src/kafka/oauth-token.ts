import { MissingRemoteError, OutriderError, UnreachableError, messageOf } from '../errors.js';
import type { Secret } from '../secret.js';
import { TOKEN_RENEW_BEFORE_MS, TOKEN_TIMEOUT_MS } from './time-outs.js';

/** The client-credentials grant (RFC 6749, section 4.4). */
export interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope: string | null;
}

interface Token {
  readonly value: string;
  /** On the process's own clock (performance.now()), in ms; 0 where the token does not say how long it lives. */
  readonly expiresAtMs: number;
  readonly renewAtMs: number;
}

/** An answer with a token has some hundred bytes to a few thousand. */
const ANSWER_BYTES_MAX = 65_536;

/** The tokens of a process: every partition's producer is a client of its own, and they share one. */
const sources = new WeakMap<TokenRequest, TokenSource>();

/**
 * A bearer token that is valid: the last one, until it is to be renewed.
 * @throws UnreachableError when there is none to be had now; MissingRemoteError when the client is refused
 */
export function oauthToken(request: TokenRequest): Promise<string> {
  let source = sources.get(request);
  if (source === undefined) sources.set(request, (source = new TokenSource(request)));
  return source.token();
}

/** Where tokens come from, for messages: what stands behind the path may be a secret. */
export function tokenOrigin(tokenUrl: string): string {
  const { origin, pathname } = new URL(tokenUrl);
  return origin + pathname;
}

class TokenSource {
  private last: Token | null = null;
  private asking: Promise<Token> | null = null;

  constructor(private readonly request: TokenRequest) {}

  async token(): Promise<string> {
    const { last } = this;
    if (last !== null && performance.now() < last.renewAtMs) return last.value;
    this.asking ??= fetchToken(this.request).finally(() => (this.asking = null));
    try {
      this.last = await this.asking;
      return this.last.value;
    } catch (error) {
      // It was to be renewed early, so that an endpoint that is away for a moment costs nothing.
      const isValid = last !== null && performance.now() < last.expiresAtMs;
      if (isValid && error instanceof UnreachableError) return last.value;
      throw error;
    }
  }
}

async function fetchToken({ tokenUrl, clientId, clientSecret, scope }: TokenRequest): Promise<Token> {
  const where = `kafka.sasl.tokenUrl ${tokenOrigin(tokenUrl)}`;
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope === null ? {} : { scope }),
  });
  const started = performance.now();
  try {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
      // Nobody else gets the credentials.
      redirect: 'error',
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
    const text = await textOf(response);
    if (response.status === 400 || response.status === 401 || response.status === 403)
      throw new MissingRemoteError(
        `${where}: not allowed: client '${clientId}' gets no token (status ${response.status}${errorCodeIn(text)}); compare clientId, clientSecret and scope with what the identity provider knows`,
      );
    if (!response.ok) throw new Error(`status ${response.status}`);
    return tokenIn(text, started);
  } catch (cause) {
    if (cause instanceof OutriderError) throw cause;
    const late = (cause as Error).name === 'TimeoutError';
    const reason = late
      ? `no answer within ${TOKEN_TIMEOUT_MS} ms`
      : messageOf((cause as Error).cause ?? cause);
    throw new UnreachableError(`${where}: no token: ${reason}`, { cause });
  }
}

/** @throws Error when there is more than any answer has */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Of the answer nothing is shown but the code that RFC 6749, section 5.2, defines: the rest may hold anything. */
function errorCodeIn(text: string): string {
  const { error } = objectIn(text) ?? {};
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? `, ${error}` : '';
}

function tokenIn(text: string, askedAtMs: number): Token {
  const answer = objectIn(text);
  if (answer === null) throw new Error('the answer is not a JSON object');
  const { access_token: value, expires_in: seconds } = answer;
  // What goes into the SASL message must not be able to end its field (RFC 7628, section 3.1).
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new Error('no access_token in the answer');
  const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1000 : 0;
  return {
    value,
    expiresAtMs: askedAtMs + lifetimeMs,
    renewAtMs: askedAtMs + lifetimeMs - Math.min(lifetimeMs / 2, TOKEN_RENEW_BEFORE_MS),
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // Garbage is an answer too: the caller says that it is none.
    return null;
  }
}
