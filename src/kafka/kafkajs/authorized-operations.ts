/**
 * The requests by which a broker says what the client may do (KIP-430). kafkajs 2.2.4 speaks older versions of both,
 * which do not ask.
 */
interface Encoder {
  writeInt16(value: number): Encoder;
  writeBoolean(value: boolean): Encoder;
  writeArray(values: readonly string[]): Encoder;
}

interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readString(): string | null;
  readBoolean(): boolean;
  readBytes(): Buffer | null;
  readArray<T>(read: (decoder: Decoder) => T): T[];
}

/** What kafkajs's connections send. */
export interface RequestDefinition<Question, Answer> {
  readonly versions: readonly string[];
  readonly protocol: () => (question: Question) => {
    readonly request: object;
    readonly response: { decode(bytes: Buffer): Promise<Answer>; parse(answer: Answer): Promise<Answer> };
  };
}

/** Operations as a field of bits, by AclOperation's number; UNTOLD where the broker does not say. */
export interface Authorized {
  readonly name: string;
  readonly errorCode: number;
  readonly operations: number;
}

export interface MetadataRights {
  readonly topics: readonly Authorized[];
  readonly cluster: number;
}

export const UNTOLD = -2_147_483_648;

export interface RightsRequests {
  readonly metadata: RequestDefinition<readonly string[], MetadataRights>;
  readonly describeGroups: RequestDefinition<readonly string[], readonly Authorized[]>;
}

export const METADATA = 3;
export const DESCRIBE_GROUPS = 15;

/** @param load kafkajs's modules by path */
export function rightsRequests(load: (path: string) => unknown): RightsRequests {
  const NewEncoder = load('kafkajs/src/protocol/encoder') as new () => Encoder;
  const NewDecoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
  const definition = <Answer>(
    api: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string },
    encode: (names: readonly string[]) => Encoder,
    decode: (decoder: Decoder) => Answer,
  ): RequestDefinition<readonly string[], Answer> => ({
    versions: [String(api.apiVersion)],
    protocol: () => (names) => ({
      request: { ...api, encode: () => Promise.resolve(encode(names)) },
      response: {
        decode: (bytes) => Promise.resolve(decode(new NewDecoder(bytes))),
        // An error of one topic or group stays beside its name.
        parse: (answer) => Promise.resolve(answer),
      },
    }),
  });
  return {
    metadata: definition(
      { apiKey: METADATA, apiVersion: 8, apiName: 'Metadata' },
      (topics) =>
        new NewEncoder().writeArray(topics).writeBoolean(false).writeBoolean(true).writeBoolean(true),
      readMetadata,
    ),
    describeGroups: definition(
      { apiKey: DESCRIBE_GROUPS, apiVersion: 3, apiName: 'DescribeGroups' },
      (groups) => new NewEncoder().writeArray(groups).writeBoolean(true),
      readGroups,
    ),
  };
}

function readMetadata(decoder: Decoder): MetadataRights {
  decoder.readInt32();
  decoder.readArray((broker) => [
    broker.readInt32(),
    broker.readString(),
    broker.readInt32(),
    broker.readString(),
  ]);
  decoder.readString();
  decoder.readInt32();
  const topics = decoder.readArray((topic) => {
    const errorCode = topic.readInt16();
    const name = topic.readString() ?? '';
    topic.readBoolean();
    topic.readArray((partition) => {
      partition.readInt16();
      partition.readInt32();
      partition.readInt32();
      partition.readInt32();
      for (let list = 0; list < REPLICA_LISTS; list++) partition.readArray((each) => each.readInt32());
    });
    return { name, errorCode, operations: topic.readInt32() };
  });
  return { topics, cluster: decoder.readInt32() };
}

/** Replicas, those in sync, those that are offline. */
const REPLICA_LISTS = 3;

function readGroups(decoder: Decoder): readonly Authorized[] {
  decoder.readInt32();
  return decoder.readArray((group) => {
    const errorCode = group.readInt16();
    const name = group.readString() ?? '';
    for (let text = 0; text < STATE_TEXTS; text++) group.readString();
    group.readArray((member) => {
      for (let text = 0; text < MEMBER_TEXTS; text++) member.readString();
      member.readBytes();
      member.readBytes();
    });
    return { name, errorCode, operations: group.readInt32() };
  });
}

/** State, type of the protocol, protocol. */
const STATE_TEXTS = 3;
/** Member, client, host. */
const MEMBER_TEXTS = 3;
