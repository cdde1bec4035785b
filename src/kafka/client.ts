import type { Kafka as KafkaJs, KafkaConfig as KafkaJsConfig } from 'kafkajs';
import type { Logger } from 'pino';
import { kafkaLog } from './client-log.js';
import { type SaslConfig, saslOptions } from './sasl.js';
import { socketFactory } from './socket-factory.js';
import type { TlsConfig } from './tls-files.js';
import { Kafka } from './kafkajs/repaired.js';
import { byLastFailure } from './kafkajs/broker-memory.js';
import { type KafkaTimeOuts, REAUTHENTICATE_BEFORE_MS, RETRY_OF } from './time-outs.js';

/** How to reach the cluster, complete. */
export interface KafkaConfig extends KafkaTimeOuts {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: TlsConfig | null;
  readonly sasl: SaslConfig | null;
}

/** A kafkajs client. `purpose` stands in the log beside what it says. */
export function createClient(config: KafkaConfig, purpose: keyof typeof RETRY_OF, log: Logger): KafkaJs {
  const options: KafkaJsConfig = {
    // kafkajs counts on through the list at every try: a list of one leaves the choice to us.
    brokers: () => byLastFailure(config.brokers, (address) => address).slice(0, 1),
    clientId: config.clientId,
    connectionTimeout: config.connectionTimeoutMs,
    authenticationTimeout: config.connectionTimeoutMs,
    reauthenticationThreshold: REAUTHENTICATE_BEFORE_MS,
    requestTimeout: config.requestTimeoutMs,
    retry: RETRY_OF[purpose],
    logCreator: kafkaLog(log, purpose),
    socketFactory: socketFactory({ tls: config.tls, hasSasl: config.sasl !== null, log }),
    ...(config.sasl === null ? {} : { sasl: saslOptions(config.sasl) }),
  };
  return new Kafka(options);
}
