import { encryptedKey } from '../support/secure-broker/certificates.js';
import type { Listener } from '../support/secure-broker/properties.js';
import { CLIENT_SECRET, PASSWORDS, type SecureBroker } from '../support/secure-broker/secure-broker.js';

/** One way to say who one is: what stands under `kafka` in a configuration file, and whom the broker then sees. */
export interface Identity {
  readonly name: string;
  readonly user: string;
  readonly listener: Listener;
  readonly tls: unknown;
  readonly sasl: Record<string, unknown> | undefined;
}

const PASSPHRASE = 'pass-phrase-31415-k';

export const WRONG_PASSWORD = 'wrong-guess-1618-g';

/** Every text that nobody may see. */
export const SECRETS: readonly string[] = [...Object.values(PASSWORDS), CLIENT_SECRET, PASSPHRASE];

let known: Identity[] | null = null;

/** Every mechanism, with different principals. */
export function identities(broker: SecureBroker): Identity[] {
  return (known ??= newIdentities(broker));
}

function newIdentities({ authority, identity }: SecureBroker): Identity[] {
  const tls = { ca: authority.ca };
  const client = authority.sign('client');
  const key = encryptedKey(client.key, PASSPHRASE);
  const oauth = {
    mechanism: 'oauthbearer',
    tokenUrl: `${identity.url}/token`,
    clientId: 'carol',
    clientSecret: CLIENT_SECRET,
    scope: 'kafka',
  };
  const password = (user: keyof typeof PASSWORDS, mechanism: string) => ({
    ...{ mechanism, username: user, password: PASSWORDS[user] },
  });
  return [
    { name: 'tls', user: 'ANONYMOUS', listener: 'tls', tls, sasl: undefined },
    {
      name: 'mtls',
      user: 'client',
      listener: 'mtls',
      tls: { ...tls, cert: client.cert, key, passphrase: PASSPHRASE },
      sasl: undefined,
    },
    { name: 'plain', user: 'alice', listener: 'plain', tls, sasl: password('alice', 'plain') },
    { name: 'scram-256', user: 'bob', listener: 'scram', tls, sasl: password('bob', 'scram-sha-256') },
    { name: 'scram-512', user: 'alice', listener: 'scram', tls, sasl: password('alice', 'scram-sha-512') },
    { name: 'oauth', user: 'carol', listener: 'oauth', tls, sasl: oauth },
    {
      name: 'plaintext',
      user: 'bob',
      listener: 'sasltext',
      tls: false,
      sasl: { ...password('bob', 'plain'), allowPlaintext: true },
    },
  ];
}

/** @returns a configuration's `kafka` */
export function kafkaOf(broker: SecureBroker, { listener, tls, sasl }: Identity): Record<string, unknown> {
  return { brokers: [broker.address(listener)], tls, ...(sasl === undefined ? {} : { sasl }) };
}
