import { type Socket, connect as connectPlain, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { type TlsConfig, secureContext } from './tls-files.js';
import { HUNG_UP, TLS_WANTED, explainTls } from './tls-failure.js';

const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * How kafkajs gets its sockets. It takes TLS options once, when a client is made: here each connection is made with the
 * files as they are then, and a failure says what is wrong instead of how OpenSSL calls it.
 */
export function socketFactory(tls: TlsConfig | null, log: Logger): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket = tls === null ? plain(host, port, onConnect) : secured(tls, host, port, onConnect, log);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    return socket;
  };
}

/** A broker that wants TLS answers with an alert of TLS, which kafkajs takes for the length of an answer to come. */
function plain(host: string, port: number, onConnect: () => void): Socket {
  const socket = connectPlain({ host, port }, onConnect);
  socket.once('data', (data: Buffer) => {
    if (data[0] === TLS_ALERT && data[1] === TLS_MAJOR) fail(socket, new Error(TLS_WANTED));
  });
  return explaining(socket, (error) => error.message);
}

const TLS_ALERT = 0x15;
const TLS_MAJOR = 0x03;

function secured(tls: TlsConfig, host: string, port: number, onConnect: () => void, log: Logger): Socket {
  let answered = false;
  let handshaken = false;
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  const socket = connectTls(
    { host, port, secureContext: secureContext(tls, log), ...(servername === undefined ? {} : { servername }) },
    () => {
      handshaken = true;
      onConnect();
    },
  );
  socket.once('data', () => (answered = true));
  // In TLS 1.3 a broker sees the client's certificate after the client is through with the handshake. Some say why
  // they hang up, some only hang up.
  socket.prependListener('end', () => {
    if (handshaken && !answered) socket.emit('error', new Error(HUNG_UP));
  });
  return explaining(socket, (error) =>
    explainTls(error, { tls, name: servername ?? host, stage: answered ? 'in-use' : handshaken ? 'first-answer' : 'handshake' }),
  );
}

/** Puts the explanation in the place of the message before kafkajs makes its own error of it. */
function explaining(socket: Socket, explain: (error: NodeJS.ErrnoException) => string): Socket {
  return socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    try {
      error.message = explain(error);
    } catch (failure) {
      error.message = messageOf(failure);
    }
  });
}

function fail(socket: Socket, error: Error): void {
  socket.destroy(error);
}
