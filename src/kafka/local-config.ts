import type { KafkaConfig } from './client.js';

/** How to reach a broker that needs no more than an address: defaults for everything else. */
export function localKafka(brokers: readonly string[], clientId = 'outrider'): KafkaConfig {
  return {
    brokers,
    clientId,
    tls: null,
    sasl: null,
    connectionTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 2000,
    rebalanceTimeoutMs: 15_000,
    transactionTimeoutMs: 10_000,
    metadataMaxAgeMs: 30_000,
  };
}
