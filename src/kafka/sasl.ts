import type { Mechanism, SASLOptions } from 'kafkajs';
import { MissingRemoteError } from '../errors.js';
import type { Secret } from '../secret.js';
import { type TokenRequest, oauthToken, tokenOrigin } from './oauth-token.js';

export type SaslConfig =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: Secret;
    }
  | ({ readonly mechanism: 'oauthbearer' } & TokenRequest);

/** What kafkajs authenticates with. A password is read again at each authentication: its file may have been replaced. */
export function saslOptions(sasl: SaslConfig): SASLOptions | Mechanism {
  if (sasl.mechanism === 'oauthbearer') return bearer(sasl);
  const { mechanism, username, password } = sasl;
  return {
    mechanism,
    username,
    get password() {
      return password.reveal();
    },
  } as SASLOptions;
}

/**
 * SASL OAUTHBEARER (RFC 7628). kafkajs's own takes a refused token for success, because the broker says so in what the
 * mechanism answers, not by an error: everything that is asked afterwards then fails.
 */
function bearer(request: TokenRequest): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ host, port, saslAuthenticate }) => ({
      authenticate: async () => {
        const token = await oauthToken(request);
        const answer = await saslAuthenticate({
          request: { encode: () => Promise.resolve(sized(`n,,\x01auth=Bearer ${token}\x01\x01`)) },
          response: {
            decode: (bytes) => bytes,
            parse: (bytes) => bytes.toString('utf8', LENGTH_BYTES),
          },
        });
        // An answer without bytes is a yes.
        if (typeof answer !== 'string' || answer === '') return;
        throw new MissingRemoteError(
          `broker ${host}:${port}: not allowed: it refuses the token of client '${request.clientId}' from ${tokenOrigin(request.tokenUrl)}${statusIn(answer)}; compare the token's issuer, audience, scope and signing key with the broker's sasl.oauthbearer.* settings`,
        );
      },
    }),
  };
}

const LENGTH_BYTES = 4;

function sized(text: string): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** `{"status":"invalid_token"}` (RFC 7628, section 3.2.2); more than a word of it is not shown. */
function statusIn(answer: string): string {
  const status = /"status"\s*:\s*"([a-z_]{1,40})"/.exec(answer)?.[1];
  return status === undefined ? '' : ` (${status})`;
}
