/**
 * What kafkajs 2.2.4 makes of a broker that is there but does not answer: a process that is suspended, a machine that
 * swaps, a proxy without a backend. It waits for the first answer as long as for any, asks the first of the configured
 * brokers until it gives up, connects to a mute one as often as its retries allow, asks any connected broker for
 * metadata and coordinators whether it answered last time or not, takes a coordinator that it may not ask for one that is
 * not found, and one that is not found for the end of the consumer, and a partition without a leader for the failure of all. One such broker then stops a fleet for
 * minutes although the others answer. Mended here, before kafkajs is used.
 */
import { byLastFailure, noteFailure } from './broker-memory.js';

interface Connection {
  readonly host: string;
  readonly port: number;
  connect(): Promise<unknown>;
  send(request: unknown): Promise<unknown>;
}

interface Broker {
  readonly connectionPool: { readonly host: string; readonly port: number };
  connect(): Promise<void>;
  isConnected(): boolean;
}

interface BrokerPool {
  brokers: Readonly<Record<string, Broker>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
  findConnectedBroker(): Promise<Broker>;
  withBroker<T>(ask: (node: { nodeId: string; broker: Broker }) => Promise<T>): Promise<T | null>;
}

type ErrorClass = new (...args: never[]) => Error;

/** The errors of a broker that is not there, or mute. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
]);

/** @param load kafkajs's modules by path */
export function preferBrokersThatAnswer(load: (path: string) => unknown): void {
  keepPartitionErrorsApart(load('kafkajs/src/protocol/requests/metadata/v0/response') as MetadataResponse);
  keepAskingForCoordinators(load('kafkajs/src/errors') as Record<string, ErrorClass>);
  hurryTheFirstQuestion((load('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype);
  rememberFailures((load('kafkajs/src/network/connection') as { prototype: Connection }).prototype);
  giveUpOnTheMute((load('kafkajs/src/broker') as { prototype: Broker }).prototype);
  askThoseThatAnswer((load('kafkajs/src/cluster/brokerPool') as { prototype: BrokerPool }).prototype);
}

interface MetadataAnswer {
  readonly topicMetadata: readonly {
    readonly partitionMetadata: readonly { readonly partitionErrorCode: number }[];
  }[];
}
interface MetadataResponse {
  parse(answer: MetadataAnswer): Promise<MetadataAnswer>;
}

/**
 * A partition without a leader is not led by anybody (-1), which is what the answer says. kafkajs makes an error of the
 * whole answer of it, and a consumer stops reading the partitions that are well. Replaced before the versions that
 * share it are loaded.
 */
function keepPartitionErrorsApart(response: MetadataResponse): void {
  const { parse } = response;
  response.parse = async (answer) => {
    const topics = answer.topicMetadata.map((topic) => ({ ...topic, partitionMetadata: [] }));
    await parse({ ...answer, topicMetadata: topics });
    return answer;
  };
}

/** Replaced before anything that throws it is loaded. */
function keepAskingForCoordinators(errors: Record<string, ErrorClass>): void {
  const NotFound = errors.KafkaJSGroupCoordinatorNotFound;
  if (NotFound === undefined) throw new TypeError('kafkajs has no KafkaJSGroupCoordinatorNotFound');
  errors.KafkaJSGroupCoordinatorNotFound = class extends NotFound {
    readonly retriable = true;
  };
}

interface RequestQueue {
  requestTimeout: number;
  push(request: {
    readonly entry: { readonly apiKey: number };
    readonly requestTimeout: number | null;
  }): void;
}

const API_VERSIONS = 18;

/**
 * The first question to a broker, which versions it speaks, has the time-out of a connection. kafkajs gives it that of
 * any request where that is longer, and a mute broker that is named first then keeps every process from starting.
 */
function hurryTheFirstQuestion(prototype: RequestQueue): void {
  const { push } = prototype;
  prototype.push = function (request) {
    const usual = this.requestTimeout;
    if (request.entry.apiKey === API_VERSIONS)
      this.requestTimeout = Math.min(usual, request.requestTimeout ?? usual);
    try {
      push.call(this, request);
    } finally {
      this.requestTimeout = usual;
    }
  };
}

function rememberFailures(prototype: Connection): void {
  const { connect, send } = prototype;
  const noting = async <T>(connection: Connection, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (isNoAnswer(error)) noteFailure(addressOf(connection));
      throw error;
    }
  };
  prototype.connect = function () {
    return noting(this, () => connect.call(this));
  };
  prototype.send = function (request) {
    return noting(this, () => send.call(this, request));
  };
}

/** The one name by which kafkajs turns to another broker instead of connecting again. */
function giveUpOnTheMute(prototype: Broker): void {
  const { connect } = prototype;
  prototype.connect = async function () {
    try {
      await connect.call(this);
    } catch (error) {
      throw isNoAnswer(error) ? Object.assign(error, { name: 'KafkaJSConnectionError' }) : error;
    }
  };
}

function askThoseThatAnswer(prototype: BrokerPool): void {
  const { findConnectedBroker, withBroker } = prototype;
  prototype.findConnectedBroker = async function () {
    const best = inOrder(this).find(({ broker }) => broker.isConnected());
    return best === undefined ? findConnectedBroker.call(this) : best.broker;
  };
  prototype.withBroker = async function (ask) {
    const nodes = inOrder(this);
    // Before the first metadata kafkajs has an error of its own, at which it asks for them.
    if (nodes.length === 0) return withBroker.call(this, ask) as Promise<null>;
    for (const { nodeId } of nodes) {
      try {
        return await ask({ nodeId, broker: await this.findBroker({ nodeId }) });
      } catch (error) {
        // Every broker would say the same, and whoever asked has to hear of it: it is not that none answers.
        if (isDenied(error)) throw error;
        // The next one may know. Null says that none did, and whoever asked makes an error of it.
      }
    }
    return null;
  };
}

/** Those that failed longest ago first, and among them those that are connected. */
function inOrder(pool: BrokerPool): { readonly nodeId: string; readonly broker: Broker }[] {
  const nodes = Object.entries(pool.brokers).map(([nodeId, broker]) => ({ nodeId, broker }));
  return byLastFailure(
    nodes.sort((a, b) => Number(b.broker.isConnected()) - Number(a.broker.isConnected())),
    ({ broker }) => addressOf(broker.connectionPool),
  );
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}

function isNoAnswer(error: unknown): error is Error {
  return error instanceof Error && NO_ANSWER.has(error.name);
}

/** What a broker says of rights, and of who is asking. */
const DENIED = /_AUTHORIZATION_FAILED$|^SASL_AUTHENTICATION_FAILED$|^ILLEGAL_SASL_STATE$/;

function isDenied(error: unknown): boolean {
  for (let link: unknown = error, depth = 0; link instanceof Error && depth < 8; depth++) {
    const { type, name, code } = link as Error & { readonly type?: unknown; readonly code?: unknown };
    if (name === 'KafkaJSSASLAuthenticationError' || code === 'missing-remote') return true;
    if (typeof type === 'string' && DENIED.test(type)) return true;
    link = link.cause;
  }
  return false;
}
