/**
 * The one place that loads kafkajs: with the repairs in place, and through `require`, because Node cannot see the
 * names of its CommonJS exports.
 */
import { createRequire } from 'node:module';
import type * as KafkaJs from 'kafkajs';
import { decodeRecord, withoutAborted } from './kafkajs-repairs.js';
import { noteSeedFailure } from './seed-order.js';

const load = createRequire(import.meta.url);

/** The release whose insides the repairs fit. */
const VERSION = '2.2.4';

function replaceModule(path: string, replacement: unknown): void {
  const file = load.resolve(path);
  // Loaded first, so that a module that moved is noticed; then everybody who asks gets the replacement.
  load(file);
  const loaded = load.cache[file];
  if (loaded === undefined) throw new TypeError(`kafkajs has no module ${path} to be replaced`);
  loaded.exports = replacement;
}

const { version } = load('kafkajs/package.json') as { version: string };
if (version !== VERSION)
  throw new TypeError(`kafkajs ${version} is not the release that Outrider knows (${VERSION})`);
replaceModule('kafkajs/src/consumer/filterAbortedMessages.js', withoutAborted);
replaceModule('kafkajs/src/protocol/recordBatch/record/v0/decoder.js', decodeRecord);

/**
 * An idle request queue of kafkajs's asks for a timer again and again, without throttling one in the far past: each
 * connection wakes the process a thousand times a second, and Node 24 warns of it on stderr. Only where a request
 * waits is there something to come back for; pushing one schedules the check by itself.
 */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}
const { prototype } = load('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const schedule = prototype.scheduleCheckPendingRequests;
prototype.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) schedule.call(this);
};

/**
 * A coordinator that is not found now is found later: kafkajs takes it for the end of the consumer. Replaced before
 * anything that throws it is loaded.
 */
type ErrorClass = new (...args: never[]) => Error;
const errors = load('kafkajs/src/errors') as { KafkaJSGroupCoordinatorNotFound: ErrorClass };
errors.KafkaJSGroupCoordinatorNotFound = class extends errors.KafkaJSGroupCoordinatorNotFound {
  readonly retriable = true;
};

/**
 * kafkajs tries another of the configured brokers only when one refuses the connection. One that takes it and hangs up,
 * or takes it and never answers (a proxy without a backend, a suspended process), it asks again until it gives up.
 */
interface SeedBroker {
  readonly connectionPool: { readonly host: string; readonly port: number };
  connect(): Promise<void>;
}
interface BrokerPool {
  seedBroker: SeedBroker;
  createSeedBroker(): Promise<void>;
}
const SEED_IS_DEAF: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
]);
const pool = (load('kafkajs/src/cluster/brokerPool') as { prototype: BrokerPool }).prototype;
const createSeedBroker = pool.createSeedBroker;
pool.createSeedBroker = async function () {
  await createSeedBroker.call(this);
  const seed = this.seedBroker;
  const connect = seed.connect.bind(seed);
  seed.connect = async () => {
    try {
      await connect();
    } catch (error) {
      if (!(error instanceof Error) || !SEED_IS_DEAF.has(error.name)) throw error;
      noteSeedFailure(`${seed.connectionPool.host}:${seed.connectionPool.port}`);
      // The one name that makes kafkajs take the next.
      throw Object.assign(error, { name: 'KafkaJSConnectionError' });
    }
  };
};

export const { CompressionTypes, ConfigResourceTypes, Kafka, PartitionAssigners, Partitioners, logLevel } =
  load('kafkajs') as typeof KafkaJs;
