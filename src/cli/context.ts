import type { Logger } from 'pino';
import type { Environment } from '../config/environment.js';
import type { LogLevel } from '../observe/log.js';

/** Where a command runs: all that it may know of the process. */
export interface CliContext {
  readonly environment: Environment;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborts at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** The way to a supervisor, when this process is its child. */
  readonly channel: ProcessChannel | null;
  createLog(level: LogLevel): Logger;
}

/** The process channel of a forked child. */
export interface ProcessChannel {
  send(message: object): void;
  onDisconnect(listener: () => void): void;
}

/** The options that every command has. */
export interface CommonOptions {
  readonly config: string;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
}
