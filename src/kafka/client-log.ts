import type { LogEntry } from 'kafkajs';
import type { Logger } from 'pino';
import { logLevel } from './kafkajs/repaired.js';

/**
 * kafkajs's log lines through pino, graded again: what it calls an error is mostly the first try of something that it
 * repeats, and what it calls info is said once a partition. Failures that matter come back as errors to the caller.
 */
export function kafkaLog(log: Logger, client: string): () => (entry: LogEntry) => void {
  const child = log.child({ client: `kafka-${client}` });
  return () => (entry) => {
    const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...said } = entry.log;
    const facts = message.includes(SASL_EXCHANGE) ? withoutPayload(said) : said;
    if (entry.level === logLevel.ERROR || entry.level === logLevel.WARN) child.debug(facts, message);
    else child.trace(facts, message);
  };
}

/**
 * What a broker answers to a SASL message is enough to try passwords on without asking it: SCRAM's signature of the
 * server is made of the password.
 */
const SASL_EXCHANGE = 'SaslAuthenticate';

function withoutPayload({ data: _data, payload: _payload, ...facts }: Record<string, unknown>): object {
  return facts;
}
