import type { Kafka as KafkaJs, KafkaConfig as KafkaJsConfig, RetryOptions, SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import { kafkaLog } from './client-log.js';
import { oauthToken } from './oauth-token.js';
import { Kafka } from './kafkajs.js';

export interface TlsConfig {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

export type SaslConfig =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    };

/** How to reach the cluster, complete. Times in ms. */
export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: TlsConfig | null;
  readonly sasl: SaslConfig | null;
  /** For one connection to be made. */
  readonly connectionTimeoutMs: number;
  /** For one request to be answered. A commit that takes longer has an unknown outcome. */
  readonly requestTimeoutMs: number;
  /** A member that sends no heartbeat for this long is out of the group. */
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** How long the group waits for its members to come back in a rebalance. */
  readonly rebalanceTimeoutMs: number;
  /** The broker aborts a transaction that is open for longer. */
  readonly transactionTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
}

/** The relations that the time-outs have to keep. @returns the first that is broken, or null */
export function timeoutFault(config: KafkaConfig): { key: keyof KafkaConfig; message: string } | null {
  const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = config;
  if (heartbeatIntervalMs * 3 > sessionTimeoutMs) {
    return {
      key: 'heartbeatIntervalMs',
      message: `must be at most a third of sessionTimeoutMs (${sessionTimeoutMs}), so that two may be lost`,
    };
  }
  if (rebalanceTimeoutMs < sessionTimeoutMs) {
    return { key: 'rebalanceTimeoutMs', message: `must be at least sessionTimeoutMs (${sessionTimeoutMs})` };
  }
  return null;
}

/** How often a client asks again before it says that the cluster is unreachable: about 3 s beside the time-outs. */
const CLIENT_RETRY: RetryOptions = {
  initialRetryTime: 100,
  multiplier: 1.7,
  retries: 6,
  maxRetryTime: 1000,
  factor: 0.1,
};

/** Somebody waits for the answer: about 1 s beside the time-outs. */
const ADMIN_RETRY: RetryOptions = { ...CLIENT_RETRY, retries: 4 };

/**
 * For transactions: InitProducerId meets CONCURRENT_TRANSACTIONS while the coordinator still settles the last owner's
 * transaction, usually for some ms, after a broker's death for longer.
 */
const TRANSACTION_RETRY: RetryOptions = {
  initialRetryTime: 10,
  multiplier: 1.5,
  retries: 20,
  maxRetryTime: 500,
  factor: 0.1,
};

const RETRY_OF = {
  consumer: CLIENT_RETRY,
  producer: CLIENT_RETRY,
  transaction: TRANSACTION_RETRY,
  admin: ADMIN_RETRY,
};

/** A kafkajs client. `purpose` stands in the log beside what it says. */
export function createClient(
  config: KafkaConfig,
  purpose: 'consumer' | 'producer' | 'transaction' | 'admin',
  log: Logger,
): KafkaJs {
  const options: KafkaJsConfig = {
    brokers: [...config.brokers],
    clientId: config.clientId,
    connectionTimeout: config.connectionTimeoutMs,
    authenticationTimeout: config.connectionTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    retry: RETRY_OF[purpose],
    logCreator: kafkaLog(log, purpose),
    ...(config.tls === null ? {} : { ssl: { ...config.tls } }),
    ...(config.sasl === null ? {} : { sasl: saslOptions(config.sasl) }),
  };
  return new Kafka(options);
}

function saslOptions(sasl: SaslConfig): SASLOptions {
  if (sasl.mechanism !== 'oauthbearer') return sasl as SASLOptions;
  return { mechanism: 'oauthbearer', oauthBearerProvider: () => oauthToken(sasl) };
}
