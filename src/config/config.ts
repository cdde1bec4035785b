import type { DetectorKind, DetectorOptions } from '../detect/detector.js';
import type { ThresholdRule } from '../detect/threshold-rule.js';
import type { RegistryOptions } from '../decode/registry-http.js';
import type { Encoding } from '../decode/wire-format.js';
import type { FeatureSpec } from '../features/spec.js';
import type { FieldPath } from '../field-path.js';
import type { KafkaConfig } from '../kafka/client.js';
import type { Compression } from '../kafka/compression/compression.js';

/** What the program runs on: complete, checked, frozen, paths absolute. */
export interface Config {
  /** The file it came from, as the user named it; for messages. */
  readonly file: string;
  readonly kafka: KafkaConfig;
  readonly group: string;
  readonly input: InputConfig;
  readonly output: OutputConfig;
  readonly features: FeatureSpec;
  readonly detector: DetectorConfig;
  readonly delivery: 'exactly-once' | 'at-least-once';
  readonly commit: { readonly intervalMs: number; readonly maxRecords: number };
  readonly fleet: FleetConfig;
  readonly http: HttpConfig | null;
}

export type StartAt = 'latest' | 'earliest' | 'error' | { readonly timeMs: number };

export interface InputConfig {
  readonly topic: string;
  readonly encoding: Encoding;
  readonly schema: string;
  readonly schemas: string;
  readonly registry: RegistryOptions | null;
  readonly startAt: StartAt;
  readonly onTruncated: 'error' | 'earliest';
  readonly maxEventBytes: number;
  /** Of the records of one batch, decompressed, as they count in memory. */
  readonly maxBatchBytes: number;
  readonly entity: FieldPath | null;
  readonly time: FieldPath | null;
}

export interface OutputConfig {
  readonly anomalies: string;
  /** Under which the schema of the anomalies stands in a registry, by Confluent's TopicNameStrategy. */
  readonly subject: string;
  readonly deadLetters: string;
  readonly compression: Compression;
}

export interface DetectorConfig {
  readonly kind: DetectorKind;
  readonly options: DetectorOptions;
  /** The model folder; null only for kinds that are not trained, or where none is configured. */
  readonly model: string | null;
  readonly threshold: ThresholdRule | null;
}

export interface FleetConfig {
  readonly workers: 'auto' | number;
  readonly max: number;
  readonly restartBackoffMs: number;
  readonly shutdownTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** The port was written down: if it is taken, that is an error. */
  readonly portConfigured: boolean;
}
