/** A line of Outrider's log, which is JSON; of these fields, those of what it logs of its workers' ends. */
export interface LogLine {
  readonly msg: string;
  readonly level: number;
  /** Of the process that logs, unless the line is about another. */
  readonly pid?: number;
  readonly exitCode?: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly reason?: string;
  readonly stall?: string;
}

/** @returns null for what is no line of the log: a stack trace, or the half line of a process that was killed */
export function logLine(text: string): LogLine | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as LogLine;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** How Node begins to say that an exception was not caught, or that it cannot go on. */
export function isTrace(text: string): boolean {
  return /^(?:(?:Uncaught )?[A-Za-z]*Error(?: \[\w+\])?(?::|$)|node:\w|file:\/\/\/|FATAL ERROR|\[UnhandledPromise)/.test(
    text,
  );
}

/** What an Outrider says last when it did not reach its brokers: kafkajs's words for that, and its own. */
export function saysUnreached(text: string): boolean {
  return (
    text.startsWith('outrider: ') &&
    /connection (?:error|timeout)|closed connection|failed to connect|not connected|no answer within|timed out|coordinator|leadership election/i.test(
      text,
    )
  );
}

/** What a worker says last when it ends because it stood still; a supervisor's log has a field for it. */
export function saysStalled(text: string): boolean {
  return /has not moved|nothing was committed|has not come to an end|not joined for|no heartbeat was accepted/.test(
    text,
  );
}
