/**
 * The one place that loads kafkajs: with the repairs in place, and through `require`, because Node cannot see the
 * names of its CommonJS exports.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type * as KafkaJs from 'kafkajs';
import { mendAuthentication } from './authentication.js';
import { rightsRequests } from './authorized-operations.js';
import { preferBrokersThatAnswer } from './availability.js';
import { installCodecs, writingSmallest } from './compressing.js';
import { encodeRecord, groupMessages } from './encoding.js';
import { FetchedBatch } from './fetched-batch.js';
import { watchOffsetCommits } from './offset-broker.js';
import { sleepUntilResumed, wakeOnResume } from './paused-fetches.js';
import { recordSetDecoder } from './record-sets.js';
import { RETRY_OF } from '../time-outs.js';
import { withEpochsOfTheirOwn } from './transaction-epochs.js';

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

/** kafkajs's own decoder of the formats before Kafka 0.11. */
function messageSets(load: (path: string) => unknown): Parameters<typeof recordSetDecoder>[0] {
  const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
  const decode = load('kafkajs/src/protocol/messageSet/decoder') as (
    decoder: object,
    size: number,
  ) => ReturnType<Parameters<typeof recordSetDecoder>[0]>;
  return (bytes) => decode(new Decoder(bytes), bytes.length);
}

/** A kafkajs that was loaded before has its parts already: it stays as it is, and this one is loaded beside it. */
const home = dirname(load.resolve('kafkajs/package.json'));
/** A module that imports kafkajs after ours is linked already: Node insists on finding what it has put here for it. */
const linked: [file: string, module: NodeJS.Module][] = [];
for (const [file, module] of Object.entries(load.cache)) {
  if (!file.startsWith(home + sep)) continue;
  if (module !== undefined && !module.loaded) linked.push([file, module]);
  Reflect.deleteProperty(load.cache, file);
}

const { version } = load('kafkajs/package.json') as { version: string };
if (version !== VERSION)
  throw new TypeError(`kafkajs ${version} is not the release that Outrider knows (${VERSION})`);
replaceModule('kafkajs/src/consumer/batch.js', FetchedBatch);
// What writes a batch takes its records' encoder with it when it is loaded.
replaceModule('kafkajs/src/protocol/recordBatch/record/v0/index.js', encodeRecord);
replaceModule('kafkajs/src/producer/groupMessagesPerPartition.js', groupMessages);
replaceModule('kafkajs/src/utils/sleep.js', sleepUntilResumed);
installCodecs(load);
replaceModule(
  'kafkajs/src/protocol/recordBatch/v0/index.js',
  writingSmallest(
    load('kafkajs/src/protocol/recordBatch/v0/index.js') as Parameters<typeof writingSmallest>[0],
  ),
);
replaceModule(
  'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js',
  recordSetDecoder(messageSets(load)),
);
// After the replacements: these load what uses them.
preferBrokersThatAnswer(load);
replaceModule('kafkajs/src/producer/eosManager/index.js', withEpochsOfTheirOwn(load, RETRY_OF.transaction));
watchOffsetCommits(load);
wakeOnResume(load);
mendAuthentication(load);

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

export const RIGHTS_REQUESTS = rightsRequests(load);

export const {
  AssignerProtocol,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  PartitionAssigners,
  Partitioners,
  logLevel,
} = load('kafkajs') as typeof KafkaJs;

for (const [file, module] of linked) load.cache[file] = module;
