import { z } from 'zod';
import { CONTAMINATION_MAX } from '../detect/threshold-rule.js';
import { COMPRESSIONS } from '../kafka/compression/compression.js';
import { BATCH_BYTES_MAX_DEFAULT } from '../kafka/compression/batch-limits.js';
import { TIME_OUT_DEFAULTS } from '../kafka/time-outs.js';

/** What a user may write in `outrider.yml`; defaults are applied here and nowhere else. */

const ms = (fallback: number, least = 1) => z.number().int().min(least).max(86_400_000).default(fallback);
/** Below this no network and no machine keeps up with itself, and everything is restarted all the time. */
const TIME_OUT_LEAST_MS = 100;
const STALL_LEAST_MS = 1000;
/** Below this no batch of Kafka's default size is read any more; above it there is no buffer for it. */
const BATCH_BYTES_LEAST = 65_536;
const BATCH_BYTES_MOST = 1_073_741_824;
const secret = z.union([z.string(), z.strictObject({ file: z.string() })]);
const topicName = z
  .string()
  .min(1)
  .max(249)
  .regex(/^[A-Za-z0-9._-]+$/, 'a topic name has only letters, digits, dot, underscore and hyphen');

const saslSchema = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']),
  username: z.string().optional(),
  password: secret.optional(),
  tokenUrl: z.string().optional(),
  clientId: z.string().optional(),
  clientSecret: secret.optional(),
  scope: z.string().optional(),
  allowPlaintext: z.boolean().default(false),
});

const kafkaSchema = z.strictObject({
  brokers: z.union([z.array(z.string().min(1)).min(1), z.string().min(1)]).default(['localhost:9092']),
  clientId: z.string().min(1).default('outrider'),
  tls: z
    .union([
      z.boolean(),
      z.strictObject({
        ca: z.string().optional(),
        cert: z.string().optional(),
        key: z.string().optional(),
        passphrase: secret.optional(),
        servername: z.string().optional(),
      }),
    ])
    .default(false),
  sasl: saslSchema.optional(),
  connectionTimeoutMs: ms(TIME_OUT_DEFAULTS.connectionTimeoutMs, TIME_OUT_LEAST_MS),
  requestTimeoutMs: ms(TIME_OUT_DEFAULTS.requestTimeoutMs, TIME_OUT_LEAST_MS),
  sessionTimeoutMs: ms(TIME_OUT_DEFAULTS.sessionTimeoutMs),
  heartbeatIntervalMs: ms(TIME_OUT_DEFAULTS.heartbeatIntervalMs),
  rebalanceTimeoutMs: ms(TIME_OUT_DEFAULTS.rebalanceTimeoutMs),
  transactionTimeoutMs: ms(TIME_OUT_DEFAULTS.transactionTimeoutMs, TIME_OUT_LEAST_MS),
  metadataMaxAgeMs: ms(TIME_OUT_DEFAULTS.metadataMaxAgeMs),
});

const registrySchema = z.union([
  z.string().min(1),
  z.strictObject({
    url: z.string().min(1),
    username: z.string().optional(),
    password: secret.optional(),
    register: z.boolean().default(false),
  }),
]);

const inputSchema = z.strictObject({
  topic: topicName,
  encoding: z.enum(['single-object', 'confluent', 'raw']).default('single-object'),
  schema: z.string().min(1),
  schemas: z.string().min(1).optional(),
  registry: registrySchema.optional(),
  startAt: z.string().min(1).default('latest'),
  onTruncated: z.enum(['error', 'earliest']).default('error'),
  maxEventBytes: z.number().int().min(1).max(2_147_483_647).default(1_048_576),
  maxBatchBytes: z
    .number()
    .int()
    .min(BATCH_BYTES_LEAST)
    .max(BATCH_BYTES_MOST)
    .default(BATCH_BYTES_MAX_DEFAULT),
  entity: z.string().min(1).optional(),
  time: z.string().min(1).optional(),
});

const outputSchema = z
  .strictObject({
    anomalies: topicName.optional(),
    deadLetters: topicName.optional(),
    compression: z.enum(COMPRESSIONS).default('none'),
  })
  .prefault({});

const commitSchema = z
  .strictObject({
    intervalMs: z.number().int().min(1).max(60_000).default(200),
    maxRecords: z.number().int().min(1).max(10_000_000).default(100_000),
  })
  .prefault({});

const fleetSchema = z
  .strictObject({
    workers: z.union([z.literal('auto'), z.number().int().min(1).max(1024)]).default('auto'),
    max: z.number().int().min(0).max(1024).default(0),
    restartBackoffMs: ms(250),
    shutdownTimeoutMs: ms(10_000),
    stallTimeoutMs: ms(60_000, STALL_LEAST_MS),
  })
  .prefault({});

const httpSchema = z
  .union([
    z.literal(false),
    z.strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.number().int().min(0).max(65_535).optional(),
    }),
  ])
  .prefault({});

/** The detector's own options are parsed by its kind; features by the feature spec. */
const detectorSchema = z.looseObject({
  type: z.string().min(1),
  model: z.string().min(1).optional(),
  threshold: z
    .union(
      [
        z.number().min(0).max(1),
        z.strictObject({ contamination: z.number().gt(0).max(CONTAMINATION_MAX) }),
        z.strictObject({ alarmsPerDay: z.number().gt(0) }),
      ],
      'expected one of a number, {contamination}, {alarmsPerDay}',
    )
    .optional(),
});

export const configSchema = z.strictObject({
  kafka: kafkaSchema.prefault({}),
  group: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^/\s]+$/, 'a group name has no slash and no white space'),
  input: inputSchema,
  output: outputSchema,
  features: z.array(z.unknown()).min(1),
  detector: detectorSchema,
  delivery: z.enum(['exactly-once', 'at-least-once']).default('exactly-once'),
  commit: commitSchema,
  fleet: fleetSchema,
  http: httpSchema,
});

export type WrittenConfig = z.infer<typeof configSchema>;
export type WrittenTls = Exclude<WrittenConfig['kafka']['tls'], boolean>;
export type WrittenSasl = z.infer<typeof saslSchema>;
export type WrittenSecret = z.infer<typeof secret>;
