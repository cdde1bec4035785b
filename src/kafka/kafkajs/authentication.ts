import { REAUTHENTICATE_BEFORE_MS } from '../time-outs.js';

interface Authenticator {
  readonly connection: { disconnect(): Promise<unknown> };
  /** What the broker says, in ms; '0' for ever. kafkajs reads it once it has authenticated. */
  sessionLifetime: string;
  authenticate(): Promise<void>;
}

/**
 * Mends how kafkajs 2.2.4 says who it is, the first time and again before a session is over (KIP-368).
 * - It keeps a connection on which that failed and begins anew on it, in the middle of what the broker takes for one
 *   exchange: every try after the first fails with ILLEGAL_SASL_STATE, whatever it was that failed. Here it is closed.
 * - Of a session that is shorter than its threshold it thinks at every request that it is over, and a broker refuses
 *   to be told twice within a second, with ILLEGAL_SASL_STATE. Here half of a short session is used.
 * @param load kafkajs's modules by path
 */
export function mendAuthentication(load: (path: string) => unknown): void {
  const { prototype } = load('kafkajs/src/broker/saslAuthenticator') as { prototype: Authenticator };
  const { authenticate } = prototype;
  prototype.authenticate = async function () {
    try {
      await authenticate.call(this);
    } catch (error) {
      await this.connection.disconnect();
      throw error;
    }
    this.sessionLifetime = String(reckonedLifetimeMs(Number(this.sessionLifetime)));
  };
}

/**
 * What kafkajs has to take for a session's life, so that it authenticates anew REAUTHENTICATE_BEFORE_MS before its end
 * or after half of it, whichever is later.
 * @returns ms; 0 where it is not to do so: the broker then closes the connection, and the next one begins anew
 */
export function reckonedLifetimeMs(lifetimeMs: number): number {
  if (lifetimeMs < SHORTEST_MS) return 0;
  return Math.max(lifetimeMs, Math.floor(lifetimeMs / 2) + REAUTHENTICATE_BEFORE_MS);
}

/** Half of it is the second that a broker wants between two authentications, and some more. */
const SHORTEST_MS = 3000;
