/** What the end of a worker's process means to its supervisor. */
import {
  AnswerNoError,
  ConfigurationError,
  EXIT,
  MissingRemoteError,
  type OutriderError,
  UnusableFileError,
  type StallReason,
} from '../errors.js';
import type { WorkerEnd } from './restart-policy.js';
import type { WorkerExit } from './worker-process.js';

/** Exit code 0 without the fleet being stopped: somebody else asked it to leave, a rolling restart for instance. */
export function endOf({ code }: WorkerExit, stall: StallReason | null): WorkerEnd {
  if (stall !== null) return 'stalled';
  return code === EXIT.done ? 'left' : 'died';
}

/** Why a place is empty, for whoever asks at night. */
export function lastEndText({ code, signal }: WorkerExit, end: WorkerEnd, reason: string | null): string {
  const died =
    code === null ? `was ended by ${signal ?? 'an error of its start'}` : `ended with exit code ${code}`;
  return `its last process ${end === 'died' ? died : end}${reason === null ? '' : `: ${reason}`}`;
}

/**
 * An exit that starting again cannot mend: a bad configuration, model or schema, a topic or a right that is missing.
 * Brokers that a worker does not reach may come back: the supervisor itself had reached them before it started any.
 */
export function fatalError({ code, failure }: WorkerExit): OutriderError | null {
  const message = failure?.message ?? `a worker exited with code ${code}`;
  if (code === EXIT.usage) return new ConfigurationError(message);
  if (code === EXIT.unusable) return new UnusableFileError(message);
  if (failure?.permanent !== true) return null;
  return failure.exitCode === EXIT.answerNo ? new AnswerNoError(message) : new MissingRemoteError(message);
}
