import { UnreachableError, messageOf } from '../errors.js';
import { TOKEN_TIMEOUT_MS } from './time-outs.js';

interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
}

/** A bearer token by the client-credentials grant (RFC 6749, section 4.4). @throws UnreachableError */
export async function oauthToken({
  tokenUrl,
  clientId,
  clientSecret,
  scope,
}: TokenRequest): Promise<{ value: string }> {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
    'base64',
  );
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope === null ? {} : { scope }),
  });
  try {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { access_token: token } = (await response.json()) as { access_token?: unknown };
    if (typeof token !== 'string') throw new Error('no access_token in the answer');
    return { value: token };
  } catch (cause) {
    throw new UnreachableError(`${tokenUrl}: no token: ${messageOf(cause)}`, { cause });
  }
}
