import type { RetryOptions } from 'kafkajs';

/**
 * Every time-out and retry limit towards Kafka, with its reason, and the relations between them. The table in
 * docs/TIMEOUTS.md says the same; test/kafka/time-outs.test.ts holds the two together.
 */

/** What can be configured. Times in ms. */
export interface KafkaTimeOuts {
  /** For one connection to be made, and for the first answer on it. */
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

export const TIME_OUT_DEFAULTS: KafkaTimeOuts = {
  /** Whoever runs a command without a broker hears of it soon; a TLS handshake across continents still fits. */
  connectionTimeoutMs: 3000,
  /** As long as the session: a request that hangs for longer has cost the membership anyway. */
  requestTimeoutMs: 10_000,
  /** A killed worker's partitions stand still for this long; a garbage collection or a busy machine does not. */
  sessionTimeoutMs: 10_000,
  /**
   * How soon a member hears that its group is shared out anew: until the last one has, nobody reads, and a rolling
   * restart does that twice for each worker. Two small requests a second are cheap beside that.
   */
  heartbeatIntervalMs: 500,
  /** A session and a half: who is alive comes back within one fetch and one commit, who is not has lost its session. */
  rebalanceTimeoutMs: 15_000,
  /** Transactions are open for milliseconds; one that a dead worker left keeps read_committed readers waiting at most so long. */
  transactionTimeoutMs: 10_000,
  /** How soon partitions that were added are noticed. */
  metadataMaxAgeMs: 30_000,
};

/** The broker may hold a fetch open when there is nothing new: well below a heartbeat interval, which it delays. */
export const FETCH_WAIT_MAX_MS = 200;

/** How long the coordinator may take to close the last transaction before the next one counts as stuck. */
export const CONCURRENT_WAIT_MAX_MS = 10_000;
export const CONCURRENT_WAIT_FIRST_MS = 2;

/** How long an admin's question is asked again while a broker says that it is not the right one or not ready yet. */
export const SETTLE_TIMEOUT_MS = 10_000;

/** Until a batch that cannot be read is asked for again, doubling: another replica may have it whole. */
export const UNREADABLE_RETRY_FIRST_MS = 1000;
export const UNREADABLE_RETRY_MAX_MS = 30_000;

/** Between two tries to take a partition over, doubling: the fence itself has its own retries. */
export const FENCE_BACKOFF_FIRST_MS = 50;
export const FENCE_BACKOFF_MAX_MS = 2000;

/** Between two passes of a redrive, doubling, when one has failed: it starts at its fence. */
export const REDRIVE_BACKOFF_FIRST_MS = 250;
export const REDRIVE_BACKOFF_MAX_MS = 5000;

/** For the token of OAUTHBEARER: an identity provider, not a broker. */
export const TOKEN_TIMEOUT_MS = 10_000;
/** A session that a broker limits is renewed this long before its end, or at half of it where that is later. */
export const REAUTHENTICATE_BEFORE_MS = 10_000;
/**
 * A token is renewed this long before it expires, or at half of its life where that is shorter: before any connection
 * needs the next one, and an identity provider that is away for a moment costs nothing.
 */
export const TOKEN_RENEW_BEFORE_MS = 30_000;

/** How often a subscriber's own offsets are committed: that much is delivered again after a crash. */
export const SUBSCRIBER_COMMIT_INTERVAL_MS = 1000;

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
 * For transactions: InitProducerId meets CONCURRENT_TRANSACTIONS while the coordinator still writes the markers of the
 * last one, after every commit for some ms, after a broker's death for longer: about 6 s.
 */
const TRANSACTION_RETRY: RetryOptions = {
  initialRetryTime: 2,
  multiplier: 1.5,
  retries: 24,
  maxRetryTime: 500,
  factor: 0.1,
};

/** By what a client is for. */
export const RETRY_OF = {
  consumer: CLIENT_RETRY,
  producer: CLIENT_RETRY,
  transaction: TRANSACTION_RETRY,
  admin: ADMIN_RETRY,
} as const;

/**
 * A member that lost its coordinator asks for the new one for about 7 s, less than a session, before kafkajs counts it
 * as a crash and joins anew; a coordinator that moves is found within one metadata request once it is elected.
 */
export const MEMBER_RETRY: RetryOptions = {
  initialRetryTime: 100,
  multiplier: 1.7,
  retries: 8,
  maxRetryTime: 2000,
  factor: 0.1,
};

/** Before kafkajs joins anew after a crash, doubling until it is in the group again. */
export const RESTART_BACKOFF_FIRST_MS = 50;
export const RESTART_BACKOFF_MAX_MS = 2000;

/** A failed send in a transaction is not repeated by kafkajs: what it does not know to be safe is fenced again. */
export const SEND_RETRY: RetryOptions = { retries: 0 };

/** Everything that the relations are about; a Config is one. */
export interface TimeOuts {
  readonly kafka: KafkaTimeOuts;
  readonly fleet: { readonly shutdownTimeoutMs: number; readonly stallTimeoutMs: number };
}

/** A `fault` cannot work, whatever the cluster; a `warning` can, but costs what its message says. */
export interface BrokenRelation {
  readonly level: 'fault' | 'warning';
  /** The path of the key to be changed. */
  readonly key: readonly [section: 'kafka' | 'fleet', key: string];
  readonly message: string;
}

interface Relation extends Omit<BrokenRelation, 'message'> {
  /** What is wrong, or null where it holds. */
  readonly broken: (timeOuts: TimeOuts) => string | null;
}

/** A broker's own limits where nobody changed them. */
const BROKER_SESSION_MIN_MS = 6000;
const BROKER_SESSION_MAX_MS = 1_800_000;
const BROKER_TRANSACTION_MAX_MS = 900_000;

const RELATIONS: readonly Relation[] = [
  {
    level: 'fault',
    key: ['kafka', 'heartbeatIntervalMs'],
    broken: ({ kafka: { heartbeatIntervalMs, sessionTimeoutMs } }) =>
      heartbeatIntervalMs * 3 <= sessionTimeoutMs
        ? null
        : `must be at most a third of sessionTimeoutMs (${sessionTimeoutMs}), so that two may be lost`,
  },
  {
    level: 'fault',
    key: ['kafka', 'rebalanceTimeoutMs'],
    broken: ({ kafka: { rebalanceTimeoutMs, sessionTimeoutMs } }) =>
      rebalanceTimeoutMs >= sessionTimeoutMs
        ? null
        : `must be at least sessionTimeoutMs (${sessionTimeoutMs}): else a member that lives is left behind`,
  },
  {
    level: 'warning',
    key: ['kafka', 'sessionTimeoutMs'],
    broken: ({ kafka: { sessionTimeoutMs } }) =>
      sessionTimeoutMs >= BROKER_SESSION_MIN_MS && sessionTimeoutMs <= BROKER_SESSION_MAX_MS
        ? null
        : `brokers refuse less than group.min.session.timeout.ms (${BROKER_SESSION_MIN_MS}) and more than group.max.session.timeout.ms (${BROKER_SESSION_MAX_MS}), unless they are set otherwise`,
  },
  {
    level: 'warning',
    key: ['kafka', 'requestTimeoutMs'],
    broken: ({ kafka: { requestTimeoutMs, sessionTimeoutMs } }) =>
      requestTimeoutMs <= sessionTimeoutMs
        ? null
        : `is larger than sessionTimeoutMs (${sessionTimeoutMs}): heartbeats wait for fetches, so one that hangs costs the membership`,
  },
  {
    level: 'warning',
    key: ['kafka', 'connectionTimeoutMs'],
    broken: ({ kafka: { connectionTimeoutMs, sessionTimeoutMs } }) =>
      connectionTimeoutMs <= sessionTimeoutMs
        ? null
        : `is larger than sessionTimeoutMs (${sessionTimeoutMs}): a broker that takes no connection costs the membership`,
  },
  {
    level: 'warning',
    key: ['kafka', 'transactionTimeoutMs'],
    broken: ({ kafka: { transactionTimeoutMs, requestTimeoutMs } }) =>
      transactionTimeoutMs >= requestTimeoutMs
        ? null
        : `is less than requestTimeoutMs (${requestTimeoutMs}): the broker aborts a transaction whose write is only slow, and the partition is fenced again`,
  },
  {
    level: 'warning',
    key: ['kafka', 'transactionTimeoutMs'],
    broken: ({ kafka: { transactionTimeoutMs } }) =>
      transactionTimeoutMs <= BROKER_TRANSACTION_MAX_MS
        ? null
        : `brokers refuse more than transaction.max.timeout.ms (${BROKER_TRANSACTION_MAX_MS}), unless it is set otherwise`,
  },
  {
    level: 'warning',
    key: ['fleet', 'shutdownTimeoutMs'],
    broken: ({ kafka: { requestTimeoutMs }, fleet: { shutdownTimeoutMs } }) =>
      shutdownTimeoutMs >= requestTimeoutMs
        ? null
        : `is less than kafka.requestTimeoutMs (${requestTimeoutMs}): a commit that is only slow is broken off at the stop, and its events are read again`,
  },
  {
    level: 'warning',
    key: ['fleet', 'stallTimeoutMs'],
    broken: ({ kafka: { requestTimeoutMs }, fleet: { stallTimeoutMs } }) =>
      stallTimeoutMs >= requestTimeoutMs
        ? null
        : `is less than kafka.requestTimeoutMs (${requestTimeoutMs}): a request that is only slow counts as a stall`,
  },
];

/** The relations that do not hold, faults first. */
export function brokenRelations(timeOuts: TimeOuts): readonly BrokenRelation[] {
  return RELATIONS.flatMap(({ level, key, broken }) => {
    const message = broken(timeOuts);
    return message === null ? [] : [{ level, key, message }];
  });
}

/** What a retry policy waits in all, without its jitter and the requests themselves, in ms. */
export function retryTotalMs({
  initialRetryTime = 0,
  multiplier = 1,
  retries = 0,
  maxRetryTime = 0,
}: RetryOptions): number {
  let total = 0;
  let waitMs = initialRetryTime;
  for (let i = 0; i < retries; i++) {
    total += Math.min(waitMs, maxRetryTime);
    waitMs *= multiplier;
  }
  return total;
}
