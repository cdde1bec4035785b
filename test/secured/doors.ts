import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { loadConfig } from '../../src/config/load.js';
import { OutriderError } from '../../src/errors.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import type { KafkaConfig } from '../../src/kafka/client.js';
import { type Scenario, log } from '../support/scenario.js';
import { CertificateAuthority } from '../support/secure-broker/certificates.js';
import type { Listener } from '../support/secure-broker/properties.js';
import { PASSWORDS, type SecureBroker } from '../support/secure-broker/secure-broker.js';

interface Door {
  readonly name: string;
  readonly brokers: string;
  readonly tls?: unknown;
  readonly sasl?: Record<string, unknown>;
  readonly says: RegExp;
}

export function doorTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  test('a door that stays shut says in one line which it is, why, and what to do', async () => {
    const { broker, scenario } = given();
    const expired = broker.authority.sign('old', { expiresAtMs: Date.now() - 1000 });
    const server = createServer({ cert: readFileSync(expired.cert), key: readFileSync(expired.key) });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      for (const door of doors(broker, `localhost:${port}`)) {
        const error = await knock(kafkaFor(scenario, door));
        assert.match(error.message, door.says, door.name);
        assert.match(error.message, new RegExp(door.brokers), `${door.name}: it says where`);
        assert.doesNotMatch(error.message, /\n|NumberOfRetries|wrong-secret|is it running/, door.name);
        assert.equal(error.exitCode, 3, door.name);
      }
    } finally {
      server.close();
    }
  });
}

function doors(broker: SecureBroker, expired: string): Door[] {
  const at = (listener: Listener): string => broker.address(listener);
  const tls = { ca: broker.authority.ca };
  const other = new CertificateAuthority(join(broker.folder, 'other'), 'another-ca');
  const foreign = other.sign('client');
  const old = broker.authority.sign('client', { file: 'old-client', expiresAtMs: Date.now() - 1000 });
  const alice = (mechanism: string, password: string = PASSWORDS.alice) => ({
    ...{ mechanism, username: 'alice', password },
  });
  return [
    {
      name: 'CA not named',
      brokers: at('tls'),
      tls: true,
      says: /not signed by a CA in kafka\.tls\.ca \(not set/,
    },
    {
      ...{ name: 'another CA', brokers: at('tls'), tls: { ca: other.ca } },
      says: /not signed by a CA in kafka\.tls\.ca \(\S+other\/ca\.crt\)/,
    },
    {
      ...{ name: 'wrong host name', brokers: at('tls'), tls: { ...tls, servername: 'kafka.internal' } },
      says: /certificate is not for 'kafka\.internal' but for DNS:localhost.*set kafka\.tls\.servername/,
    },
    { name: 'expired broker', brokers: expired, tls, says: /the broker's certificate.* has expired/ },
    {
      ...{ name: 'no client certificate', brokers: at('mtls'), tls },
      says: /demands a client certificate.*set kafka\.tls\.cert and kafka\.tls\.key/,
    },
    {
      ...{ name: 'foreign client certificate', brokers: at('mtls'), tls: { ...tls, ...foreign } },
      says: /refuses the client certificate kafka\.tls\.cert \(\S+other\/client\.crt\)/,
    },
    {
      ...{ name: 'expired client certificate', brokers: at('mtls'), tls: { ...tls, ...old } },
      says: /refuses the client certificate kafka\.tls\.cert \(\S+old-client\.crt\)/,
    },
    { name: 'no TLS on a TLS port', brokers: at('tls'), says: /the port speaks TLS: set kafka\.tls/ },
    {
      ...{ name: 'TLS on a port without', brokers: at('plaintext'), tls },
      says: /does not answer with TLS.*kafka\.tls has to be false/,
    },
    {
      ...{ name: 'no SASL on a SASL port', brokers: at('scram'), tls },
      says: /hung up at the first question.*kafka\.sasl, which is not set/,
    },
    {
      ...{ name: 'SASL on a port without', brokers: at('tls'), tls, sasl: alice('plain') },
      says: /not allowed: ILLEGAL_SASL_STATE: does this port take kafka\.sasl/,
    },
    {
      ...{ name: 'another mechanism', brokers: at('plain'), tls, sasl: alice('scram-sha-512') },
      says: /not allowed: UNSUPPORTED_SASL_MECHANISM: does this port take kafka\.sasl, with this mechanism/,
    },
    ...(['plain', 'scram-sha-256', 'scram-sha-512'] as const).map((mechanism) => ({
      ...{
        name: `wrong password, ${mechanism}`,
        brokers: at(mechanism === 'plain' ? 'plain' : 'scram'),
        tls,
      },
      ...{
        sasl: alice(mechanism, 'wrong-secret'),
        says: /kafka\.sasl: compare mechanism, username and password/,
      },
    })),
  ];
}

function kafkaFor(scenario: Scenario, { brokers, tls, sasl }: Door): KafkaConfig {
  const kafka = {
    ...{ brokers: [brokers] },
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
  return loadConfig(scenario.reconfigure('door', { kafka }), {}).kafka;
}

async function knock(kafka: KafkaConfig): Promise<OutriderError> {
  await using admin = new KafkaAdmin(kafka, log);
  try {
    await admin.partitionCounts(['anything']);
  } catch (error) {
    assert.ok(error instanceof OutriderError, String(error));
    return error;
  }
  assert.fail('the door is open');
}
