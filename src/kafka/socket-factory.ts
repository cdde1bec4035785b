import { type Socket, connect as connectPlain, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import type { Logger } from 'pino';
import { type TlsConfig, secureContext } from './tls-files.js';
import { HUNG_UP, SASL_WANTED, TLS_WANTED, type TlsSituation, explain, explainTls } from './tls-failure.js';

const KEEP_ALIVE_DELAY_MS = 60_000;

export interface SocketOptions {
  readonly tls: TlsConfig | null;
  /** Somebody says who he is on this connection. */
  readonly hasSasl: boolean;
  readonly log: Logger;
}

/**
 * How kafkajs gets its sockets. It takes TLS options once, when a client is made: here each connection is made with the
 * files as they are then, and a failure says what is wrong instead of how OpenSSL calls it.
 */
export function socketFactory({ tls, hasSasl, log }: SocketOptions): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const address = `${host}:${port}`;
    const socket = tls === null ? plain(host, port, onConnect) : secured({ tls, host, port, onConnect, log });
    if (!hasSasl) suspectSasl(socket, address);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    return socket;
  };
}

/** A broker that wants TLS answers with an alert of TLS, which kafkajs takes for the length of an answer to come. */
function plain(host: string, port: number, onConnect: () => void): Socket {
  const socket = connectPlain({ host, port }, onConnect);
  socket.once('data', (data: Buffer) => {
    if (data[0] !== TLS_ALERT || data[1] !== TLS_MAJOR) return;
    socket.destroy(explained(TLS_WANTED, `${host}:${port}`));
  });
  return socket;
}

const TLS_ALERT = 0x15;
const TLS_MAJOR = 0x03;

interface SecuredOptions {
  readonly tls: TlsConfig;
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  onConnect(): void;
}

function secured({ tls, host, port, onConnect, log }: SecuredOptions): Socket {
  let stage: TlsSituation['stage'] = 'handshake';
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  const context = secureContext(tls, log);
  const name = servername === undefined ? {} : { servername };
  const socket = connectTls({ host, port, secureContext: context, ...name }, () => {
    stage = 'first-answer';
    onConnect();
  });
  socket.once('data', () => (stage = 'in-use'));
  // In TLS 1.3 a broker sees the client's certificate after the client is through with the handshake. Some say why
  // they hang up, some only hang up.
  socket.prependListener('end', () => {
    if (stage === 'first-answer') socket.emit('error', new Error(HUNG_UP));
  });
  // Before kafkajs makes its own error of it.
  return socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    explain(error, `${host}:${port}`, explainTls(error, { tls, name: servername ?? host, stage }));
  });
}

/** A broker that wants to know who is asking says which versions it speaks, and hangs up at any other question. */
function suspectSasl(socket: Socket, address: string): void {
  let answers = 0;
  socket.on('data', () => answers++);
  socket.prependListener('end', () => {
    if (answers === 1) socket.emit('error', explained(SASL_WANTED, address));
  });
}

function explained(message: string, address: string): Error {
  const error = new Error(message);
  explain(error, address, message);
  return error;
}
