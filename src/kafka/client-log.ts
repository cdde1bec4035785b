import type { LogEntry } from 'kafkajs';
import type { Logger } from 'pino';
import { logLevel } from './kafkajs/repaired.js';

/**
 * kafkajs's log lines through pino, graded again: what it calls an error is mostly the first try of something that it
 * repeats, and what it calls info is said once a partition. Failures that matter come back as errors to the caller.
 * Its level stays at info: its debug lines hold what brokers answer, in SASL exchanges too, and those of SCRAM are
 * enough to try passwords on.
 */
export function kafkaLog(log: Logger, client: string): () => (entry: LogEntry) => void {
  const child = log.child({ client: `kafka-${client}` });
  return () => (entry) => {
    const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...facts } = entry.log;
    if (entry.level === logLevel.ERROR || entry.level === logLevel.WARN) child.debug(facts, message);
    else child.trace(facts, message);
  };
}
