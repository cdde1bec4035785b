/**
 * The errors that reach a user, one class with a literal code for each kind. Foreign errors (kafkajs, avsc, the file
 * system) are translated into one of these where they enter, so that nobody has to match on a message.
 */
export type ErrorCode =
  | 'usage'
  | 'configuration'
  | 'unreachable'
  | 'missing-remote'
  | 'unusable-file'
  | 'unusable-schema'
  | 'unreadable-batch'
  | 'answer-no'
  | 'fenced'
  | 'outcome-unknown'
  | 'stalled';

/** Exit codes that scripts hold on to; see "Exit codes" in docs/CONFIGURATION.md. */
export const EXIT = {
  done: 0,
  answerNo: 1,
  usage: 2,
  unreachable: 3,
  unusable: 4,
  bug: 70,
  interrupted: 130,
} as const;

const exitCodeOf: Readonly<Record<ErrorCode, number>> = {
  usage: EXIT.usage,
  configuration: EXIT.usage,
  unreachable: EXIT.unreachable,
  'missing-remote': EXIT.unreachable,
  'unusable-file': EXIT.unusable,
  'unusable-schema': EXIT.unusable,
  'unreadable-batch': EXIT.unusable,
  'answer-no': EXIT.answerNo,
  fenced: EXIT.bug,
  'outcome-unknown': EXIT.unreachable,
  stalled: EXIT.bug,
};

export abstract class OutriderError extends Error {
  abstract readonly code: ErrorCode;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retriable: boolean = false;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }

  get exitCode(): number {
    return exitCodeOf[this.code];
  }
}

/** A command was called wrongly: an unknown flag, a missing argument. */
export class UsageError extends OutriderError {
  readonly code = 'usage';
}

/** The configuration cannot be used; the message names the file and the key path. */
export class ConfigurationError extends OutriderError {
  readonly code = 'configuration';
}

/** A broker, a registry or a store did not answer, or answered that it cannot serve now. */
export class UnreachableError extends OutriderError {
  readonly code = 'unreachable';
  override readonly retriable = true;
  /** It asked to be left alone for this long. */
  readonly retryAfterMs: number;

  constructor(message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
}

/** Something answered, but what was asked for is not there or not allowed: a topic, a right, a retained offset. */
export class MissingRemoteError extends OutriderError {
  readonly code = 'missing-remote';
  /** A broker whose metadata lags says the same of a topic that was just created. */
  readonly mayPass: boolean;

  constructor(message: string, options?: { cause?: unknown; mayPass?: boolean }) {
    super(message, options);
    this.mayPass = options?.mayPass ?? false;
  }
}

/** A model, a schema or a data file cannot be used. */
export class UnusableFileError extends OutriderError {
  readonly code = 'unusable-file';
}

/** A text is no Avro schema, or breaks a limit for one. The message is one line; who knows the file or the id adds it. */
export class UnusableSchemaError extends OutriderError {
  readonly code = 'unusable-schema';
}

/** A record batch of a topic cannot be read: corrupt, cut short, or larger than is allowed. */
export class UnreadableBatchError extends OutriderError {
  readonly code = 'unreadable-batch';
}

/** The command ran and the answer is no. */
export class AnswerNoError extends OutriderError {
  readonly code = 'answer-no';
}

/** Another process took over this transactional id; whatever this one had open is void. */
export class FencedError extends OutriderError {
  readonly code = 'fenced';
  override readonly retriable = true;
}

/** A transaction's outcome cannot be known from here: the only right answer is to fence and read the offset again. */
export class OutcomeUnknownError extends OutriderError {
  readonly code = 'outcome-unknown';
  override readonly retriable = true;
}

/** What a worker was seen not to do. */
export type StallReason = 'not-moving' | 'not-joined' | 'not-reporting';

/** Work that should go on has not gone on for fleet.stallTimeoutMs: the process starts again. */
export class StalledError extends OutriderError {
  readonly code = 'stalled';
  override readonly retriable = true;

  constructor(
    readonly reason: StallReason,
    message: string,
  ) {
    super(message);
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the file system says, without the path: whoever reports it has named the file. */
export function fileFaultOf(error: unknown): string {
  const { syscall = '', path = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return messageOf(error).replace(`, ${syscall} '${path}'`, '');
}

/** The exit code for anything that was thrown; what is not an OutriderError is a bug. */
export function exitCodeFor(error: unknown): number {
  return error instanceof OutriderError ? error.exitCode : EXIT.bug;
}
