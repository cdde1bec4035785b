import type { KafkaConfig } from './client.js';
import { TIME_OUT_DEFAULTS } from './time-outs.js';

/** How to reach a broker that needs no more than an address: defaults for everything else. */
export function localKafka(brokers: readonly string[], clientId = 'outrider'): KafkaConfig {
  return {
    brokers,
    clientId,
    tls: null,
    sasl: null,
    ...TIME_OUT_DEFAULTS,
  };
}
