/** Outrider as a library: read the anomalies, write records, describe a fleet, run history again. */
export { subscribe, type SubscribeOptions } from './library/subscribe.js';
export {
  createProducer,
  type CreateProducerOptions,
  type RecordProducer,
  type RecordToSend,
} from './library/create-producer.js';
export { replay, type Replay, type ReplayOptions } from './library/replay.js';
export type { ReplayProgress, PartitionProgress } from './replay/replay-progress.js';
export type { ReplayResult } from './replay/run-replay.js';
export { defineConfig, type OutriderConfig } from './library/define-config.js';
export type { Anomaly } from './publish/anomaly-record.js';
export type { Delivery, HeaderList } from './model.js';
export {
  OutriderError,
  UnreachableError,
  MissingRemoteError,
  ConfigurationError,
  UnusableFileError,
  UnreadableBatchError,
  UsageError,
  AnswerNoError,
  type ErrorCode,
} from './errors.js';
export { Secret } from './secret.js';
