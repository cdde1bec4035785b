import {
  ConfigurationError,
  FencedError,
  MissingRemoteError,
  type OutriderError,
  OutcomeUnknownError,
  OutriderError as Base,
  UnreachableError,
  messageOf,
} from '../errors.js';

/** What kafkajs's errors carry, at whatever depth. */
interface KafkaJsError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
  readonly originalError?: unknown;
  readonly errors?: readonly unknown[];
}

const FENCED: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'TRANSACTION_COORDINATOR_FENCED',
]);
const FORBIDDEN: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
]);
/** The broker does not take this way of saying who one is. */
const SASL_REFUSED: ReadonlySet<string> = new Set(['ILLEGAL_SASL_STATE', 'UNSUPPORTED_SASL_MECHANISM']);
/** Stands behind whatever a right is missing for. */
export const RIGHTS_HINT =
  '; `outrider check` names the right that is missing and the command that grants it';
/** The group's coordinator is elsewhere or not ready yet, and has done nothing. */
export const COORDINATOR_AWAY: ReadonlySet<string> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]);
/** The broker will say the same every time. */
const REFUSED: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
]);
/** The broker's own limits do not allow what was configured; the key of each. */
const OUT_OF_BOUNDS: ReadonlyMap<string, string> = new Map([
  [
    'INVALID_SESSION_TIMEOUT',
    'kafka.sessionTimeoutMs: the broker takes group.min.session.timeout.ms (by default 6000) to group.max.session.timeout.ms (by default 1800000)',
  ],
  [
    'INVALID_TRANSACTION_TIMEOUT',
    'kafka.transactionTimeoutMs: the broker takes at most transaction.max.timeout.ms (by default 900000)',
  ],
]);
const UNREACHABLE: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSLockTimeout',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSMetadataNotLoaded',
]);

/**
 * One of Outrider's errors for anything that kafkajs throws.
 * @param doing what was tried, as in "topic orders: reading its offsets"
 */
export function translateError(error: unknown, doing: string): OutriderError {
  if (error instanceof Base) return error;
  const chain = causes(error);
  // What our own parts of kafkajs's work said, out of the wrappers of its retries.
  const own = chain.find((link) => link instanceof Base);
  if (own !== undefined) return own;
  const type = chain.map((link) => link.type).find((text) => text !== undefined);
  const text = `${doing}: ${messageOf(chain.at(-1) ?? error)}`;
  const options = { cause: error };
  if (type !== undefined && FENCED.has(type)) return new FencedError(text, options);
  if (type !== undefined && FORBIDDEN.has(type))
    return new MissingRemoteError(`${doing}: not allowed: ${type}${RIGHTS_HINT}`, options);
  if (type !== undefined && SASL_REFUSED.has(type))
    return new MissingRemoteError(
      `${doing}: not allowed: ${type}: does this port take kafka.sasl, with this mechanism?`,
      options,
    );
  const bounds = type === undefined ? undefined : OUT_OF_BOUNDS.get(type);
  if (bounds !== undefined) return new ConfigurationError(`${bounds}: refused while ${doing}`, options);
  if (chain.some(({ name }) => name === 'KafkaJSSASLAuthenticationError'))
    return new MissingRemoteError(`${text}; kafka.sasl: compare mechanism, username and password`, options);
  if (type !== undefined && REFUSED.has(type))
    return new MissingRemoteError(`${doing}: refused: ${type}`, options);
  if (chain.some(({ name }) => name === 'KafkaJSNotImplemented')) {
    return new MissingRemoteError(`${doing}: ${messageOf(chain.at(-1) ?? error)}`, options);
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION')
    return new MissingRemoteError(`${doing}: there is no such topic or partition`, {
      ...options,
      mayPass: true,
    });
  if (chain.some(({ name }) => UNREACHABLE.has(name))) return new UnreachableError(text, options);
  return new OutcomeUnknownError(text, options);
}

/** The protocol's own name of an error, where it is one. */
export function protocolErrorOf(error: unknown): string | null {
  return causes(error).find(({ type }) => type !== undefined)?.type ?? null;
}

/** Runs something of kafkajs's and translates what it throws. */
export async function translated<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translateError(error, doing);
  }
}

function causes(error: unknown): KafkaJsError[] {
  const chain: KafkaJsError[] = [];
  for (let link: unknown = error; link instanceof Error && chain.length < 8;) {
    const current = link as KafkaJsError;
    chain.push(current);
    // What went wrong for several topics at once: the first stands for all.
    link = current.cause ?? current.originalError ?? current.errors?.[0];
  }
  return chain;
}
