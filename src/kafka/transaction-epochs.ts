/**
 * Gives each transaction of a producer an epoch of its own. A coordinator may write the markers of a transaction twice,
 * the second time long after the first: when a broker was away for a while, when the coordinator moved. A leader takes
 * a marker whose producer id and epoch are those of the open transaction. kafkajs 2.2.4 uses one epoch until it is
 * fenced, so that a late marker ends a later transaction: its output is seen, its offsets are not, or the other way
 * round (KIP-890, "Motivation"). InitProducerId with the epoch that one has (KIP-360) gives the next one before each
 * transaction, and fails for whoever was fenced.
 */

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
interface Cluster {
  readonly retry: object;
  refreshMetadataIfNecessary(): Promise<void>;
  findControllerBroker(): Promise<Coordinator>;
  findGroupCoordinator(question: object): Promise<Broker>;
}

interface EosManagerOptions {
  readonly cluster: Cluster;
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
 * @returns what takes the place of `kafkajs/src/producer/eosManager`
 */
export function withEpochsOfTheirOwn(load: (path: string) => unknown): CreateEosManager {
  const create = load('kafkajs/src/producer/eosManager') as CreateEosManager;
  const definition = initProducerIdV3(load);
  return (options) => {
    if (!options.transactional) return create(options);
    const known = (): ProducerEpoch =>
      inner.isInitialized()
        ? { producerId: String(inner.getProducerId()), producerEpoch: inner.getProducerEpoch() }
        : NOBODY;
    const inner = create({ ...options, cluster: bumping(options.cluster, known, definition) });
    // Outside a transaction a producer counts as new: it asks for an epoch before it begins the next one.
    return { ...inner, isInitialized: () => inner.isInTransaction() };
  };
}

/** The same cluster, whose coordinators are told which epoch the producer has. */
function bumping(cluster: Cluster, known: () => ProducerEpoch, definition: RequestDefinition): Cluster {
  return {
    retry: cluster.retry,
    refreshMetadataIfNecessary: () => cluster.refreshMetadataIfNecessary(),
    findControllerBroker: () => cluster.findControllerBroker(),
    findGroupCoordinator: async (question) => {
      const broker = await cluster.findGroupCoordinator(question);
      const coordinator: Coordinator = {
        initProducerId: (request) =>
          broker.connectionPool.send(
            broker.lookupRequest(INIT_PRODUCER_ID, definition)({ ...request, ...known() }),
          ),
        addPartitionsToTxn: (request) => broker.addPartitionsToTxn(request),
        addOffsetsToTxn: (request) => broker.addOffsetsToTxn(request),
        txnOffsetCommit: (request) => broker.txnOffsetCommit(request),
        endTxn: (request) => broker.endTxn(request),
      };
      return coordinator as Broker;
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
