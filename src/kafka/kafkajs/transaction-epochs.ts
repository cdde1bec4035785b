/**
 * Gives each transaction of a producer an epoch of its own. A coordinator may write the markers of a transaction twice,
 * the second time long after the first: when a broker was away for a while, when the coordinator moved. A leader takes
 * a marker whose producer id and epoch are those of the open transaction. kafkajs 2.2.4 uses one epoch until it is
 * fenced, so that a late marker ends a later transaction: its output is seen, its offsets are not, or the other way
 * round (KIP-890, "Motivation"). InitProducerId with the epoch that one has (KIP-360) gives the next one before each
 * transaction, and fails for whoever was fenced.
 */
import type { RetryOptions } from 'kafkajs';
import { type ClosableCluster, keepClosed } from './closed-for-good.js';

/** Whom a coordinator knows; both -1 where nobody is meant: then InitProducerId is a fence. */
interface ProducerEpoch {
  readonly producerId: string;
  readonly producerEpoch: number;
}

const NOBODY: ProducerEpoch = { producerId: '-1', producerEpoch: -1 };

interface InitProducerId {
  readonly transactionalId: string;
  readonly transactionTimeout: number;
}

type Call = (request: never) => Promise<unknown>;

/** What a producer asks of the coordinators. */
interface Coordinator {
  initProducerId(request: InitProducerId): Promise<ProducerEpoch>;
  readonly addPartitionsToTxn: Call;
  readonly addOffsetsToTxn: Call;
  readonly txnOffsetCommit: Call;
  readonly endTxn: Call;
}

interface Broker extends Coordinator {
  readonly lookupRequest: (apiKey: number, definition: RequestDefinition) => (request: object) => object;
  readonly connectionPool: { send(request: object): Promise<ProducerEpoch> };
}

interface RequestDefinition {
  readonly versions: readonly string[];
  protocol(chosen: { readonly version: number }): (request: InitProducerId & ProducerEpoch) => object;
}

/** What a producer asks of its cluster. */
interface Cluster extends ClosableCluster {
  refreshMetadataIfNecessary(): Promise<void>;
  findGroupCoordinator(question: object): Promise<Broker>;
}

/** As much of a cluster as a transactional producer's epochs need. */
interface CoordinatorFinder {
  readonly retry: RetryOptions;
  refreshMetadataIfNecessary(): Promise<void>;
  findGroupCoordinator(question: object): Promise<Coordinator>;
}

interface EosManagerOptions {
  readonly cluster: Cluster | CoordinatorFinder;
  readonly transactional: boolean;
}

/** What keeps a producer's id, epoch and sequences; kafkajs asks `isInitialized` before each transaction. */
interface EosManager {
  isInitialized(): boolean;
  isInTransaction(): boolean;
  getProducerId(): string | number;
  getProducerEpoch(): number;
  initProducerId(): Promise<void>;
}

type CreateEosManager = (options: EosManagerOptions) => EosManager;

/**
 * @param load kafkajs's modules by path
 * @param retry of InitProducerId; what a client was given for it kafkajs does not find, and waits 300 ms after nearly
 *   every commit
 * @returns what takes the place of `kafkajs/src/producer/eosManager`
 */
export function withEpochsOfTheirOwn(load: (path: string) => unknown, retry: RetryOptions): CreateEosManager {
  const create = load('kafkajs/src/producer/eosManager') as CreateEosManager;
  const definition = initProducerIdV3(load);
  const { KafkaJSNonRetriableError } = load('kafkajs/src/errors') as {
    KafkaJSNonRetriableError: new (message: string) => Error;
  };
  return (options) => {
    if (!options.transactional) return create(options);
    const cluster = options.cluster as Cluster;
    keepClosed(cluster, () => new KafkaJSNonRetriableError('the producer was given up'));
    const known = (): ProducerEpoch =>
      inner.isInitialized()
        ? { producerId: String(inner.getProducerId()), producerEpoch: inner.getProducerEpoch() }
        : NOBODY;
    const inner = create({ ...options, cluster: bumping(cluster, known, definition, retry) });
    const initProducerId = async (): Promise<void> => {
      await inner.initProducerId();
      if (inner.getProducerEpoch() >= LAST_EPOCH) await inner.initProducerId();
    };
    // Outside a transaction a producer counts as new: it asks for an epoch before it begins the next one.
    return { ...inner, initProducerId, isInitialized: () => inner.isInTransaction() };
  };
}

/**
 * The last that a client is given. Kafka 4.0.0 cannot end a transaction under it by itself (KAFKA-19367), and then never
 * ends it: the next producer id is asked for while nothing is open.
 */
const LAST_EPOCH = 32_766;

/** The same cluster, whose coordinators are told which epoch the producer has. */
function bumping(
  cluster: Cluster,
  known: () => ProducerEpoch,
  definition: RequestDefinition,
  retry: RetryOptions,
): CoordinatorFinder {
  return {
    retry,
    refreshMetadataIfNecessary: () => cluster.refreshMetadataIfNecessary(),
    findGroupCoordinator: async (question) => {
      const broker = await cluster.findGroupCoordinator(question);
      return {
        initProducerId: (request) =>
          broker.connectionPool.send(
            broker.lookupRequest(INIT_PRODUCER_ID, definition)({ ...request, ...known() }),
          ),
        addPartitionsToTxn: (request) => broker.addPartitionsToTxn(request),
        addOffsetsToTxn: (request) => broker.addOffsetsToTxn(request),
        txnOffsetCommit: (request) => broker.txnOffsetCommit(request),
        endTxn: (request) => broker.endTxn(request),
      };
    },
  };
}

const INIT_PRODUCER_ID = 22;

interface Encoder {
  writeUVarIntString(value: string): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeInt64(value: string): Encoder;
  writeUVarIntBytes(value?: Buffer): Encoder;
}

interface Response {
  decode(bytes: Buffer): Promise<object>;
  parse(answer: object): Promise<object>;
}

/**
 * InitProducerId, version 3: the first that says which epoch the producer has. From version 2 on it has tagged fields
 * (KIP-482), of which none are written and all are passed over.
 */
function initProducerIdV3(load: (path: string) => unknown): RequestDefinition {
  const NewEncoder = load('kafkajs/src/protocol/encoder') as new () => Encoder;
  const NewDecoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => {
    readonly offset: number;
    readTaggedFields(): void;
  };
  const plain = load('kafkajs/src/protocol/requests/initProducerId/v1/response') as Response;
  const response: Response = {
    parse: (answer) => plain.parse(answer),
    decode: (bytes) => {
      const header = new NewDecoder(bytes);
      header.readTaggedFields();
      return plain.decode(bytes.subarray(header.offset));
    },
  };
  return {
    versions: ['3'],
    protocol: () => (request) => ({
      response,
      request: {
        apiKey: INIT_PRODUCER_ID,
        apiVersion: 3,
        apiName: 'InitProducerId',
        encode: () =>
          Promise.resolve(
            new NewEncoder()
              .writeUVarIntBytes()
              .writeUVarIntString(request.transactionalId)
              .writeInt32(request.transactionTimeout)
              .writeInt64(request.producerId)
              .writeInt16(request.producerEpoch)
              .writeUVarIntBytes(),
          ),
      },
    }),
  };
}
