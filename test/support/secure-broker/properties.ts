import type { CertificateAuthority } from './certificates.js';

/** What clients connect to. */
export const LISTENERS = {
  plaintext: 'PLAINTEXT',
  tls: 'SSL',
  mtls: 'SSL',
  plain: 'SASL_SSL',
  scram: 'SASL_SSL',
  oauth: 'SASL_SSL',
  sasltext: 'SASL_PLAINTEXT',
} as const;

export type Listener = keyof typeof LISTENERS;

export interface SecureProperties {
  readonly dataDir: string;
  readonly ports: Readonly<Record<Listener | 'controller' | 'internal', number>>;
  readonly authority: CertificateAuthority;
  /** The broker's own key and certificate. */
  readonly keystore: string;
  /** By user, for PLAIN. */
  readonly passwords: Readonly<Record<string, string>>;
  readonly identityUrl: string;
}

/** Every listener on one broker with the StandardAuthorizer. Only who has the broker's certificate is a super user. */
export function secureProperties(given: SecureProperties): string {
  const { dataDir, ports, authority, keystore, passwords, identityUrl } = given;
  const names = Object.keys(LISTENERS) as Listener[];
  const at = (host: string) => (listener: Listener) =>
    `${listener.toUpperCase()}://${host}:${ports[listener]}`;
  const users = Object.entries(passwords).map(([user, password]) => `user_${user}="${password}"`);
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required ${users.join(' ')};`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const oauth = 'org.apache.kafka.common.security.oauthbearer';
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.controller}
controller.listener.names=CONTROLLER
listeners=CONTROLLER://127.0.0.1:${ports.controller},INTERNAL://127.0.0.1:${ports.internal},${names.map(at('127.0.0.1')).join(',')}
advertised.listeners=INTERNAL://localhost:${ports.internal},${names.map(at('localhost')).join(',')}
listener.security.protocol.map=CONTROLLER:SSL,INTERNAL:SSL,${names.map((name) => `${name.toUpperCase()}:${LISTENERS[name]}`).join(',')}
inter.broker.listener.name=INTERNAL
log.dirs=${dataDir}/log
ssl.keystore.type=PEM
ssl.keystore.location=${keystore}
ssl.truststore.type=PEM
ssl.truststore.location=${authority.ca}
listener.name.tls.ssl.client.auth=none
listener.name.mtls.ssl.client.auth=required
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*$/$1/,DEFAULT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.plain.sasl.enabled.mechanisms=PLAIN
listener.name.plain.plain.sasl.jaas.config=${plain}
listener.name.sasltext.sasl.enabled.mechanisms=PLAIN
listener.name.sasltext.plain.sasl.jaas.config=${plain}
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.scram.scram-sha-256.sasl.jaas.config=${scram}
listener.name.scram.scram-sha-512.sasl.jaas.config=${scram}
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config=${oauth}.OAuthBearerLoginModule required;
listener.name.oauth.oauthbearer.sasl.server.callback.handler.class=${oauth}.OAuthBearerValidatorCallbackHandler
listener.name.oauth.oauthbearer.connections.max.reauth.ms=3600000
listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url=${identityUrl}/jwks
listener.name.oauth.sasl.oauthbearer.expected.audience=kafka
listener.name.oauth.sasl.oauthbearer.expected.issuer=${identityUrl}/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker
default.replication.factor=1
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
`;
}
