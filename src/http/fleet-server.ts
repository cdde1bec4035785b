import type { Socket } from 'node:net';
import fastify from 'fastify';
import type { Logger } from 'pino';
import type { HttpConfig } from '../config/config.js';
import { ConfigurationError, messageOf } from '../errors.js';

/** What the server shows. */
export interface FleetView {
  /** Why the fleet is not ready, or null. */
  unreadyReason(): string | null;
  status(): object;
  /** Prometheus text exposition format. */
  metrics(): Promise<string>;
}

export interface FleetServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * What one who asks may cost. There is nothing to be sent here, and whoever asks is near: a probe, a Prometheus, a
 * person. Docs/SECURITY.md names these.
 */
export const HTTP_LIMITS = {
  /** The request line and all headers: 431. */
  headerBytes: 8192,
  /** 413. */
  bodyBytes: 1024,
  /** From the connection's start, or the last answer, to the last header: 408, and the connection is closed. */
  headersTimeoutMs: 5000,
  /** To the end of the body: likewise. */
  requestTimeoutMs: 5000,
  /** Between two requests of a connection. */
  keepAliveTimeoutMs: 5000,
  /** More are closed at once. */
  connections: 64,
} as const;

/** How often the time-outs are looked at; Node's own is 30 s, which makes 35 of 5. */
const TIMEOUT_LOOK_MS = 1000;

/**
 * `/livez`, `/readyz`, `/metrics`, `/status`.
 * @throws ConfigurationError when a configured port is taken; the default one is replaced by a free one
 */
export async function startFleetServer(
  view: FleetView,
  { host, port, portConfigured }: HttpConfig,
  log: Logger,
): Promise<FleetServer> {
  const app = fastify({
    logger: false,
    bodyLimit: HTTP_LIMITS.bodyBytes,
    requestTimeout: HTTP_LIMITS.requestTimeoutMs,
    keepAliveTimeout: HTTP_LIMITS.keepAliveTimeoutMs,
    forceCloseConnections: true,
    http: {
      maxHeaderSize: HTTP_LIMITS.headerBytes,
      headersTimeout: HTTP_LIMITS.headersTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_LOOK_MS,
    },
    clientErrorHandler: refuse,
  });
  app.server.maxConnections = HTTP_LIMITS.connections;
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }));
  app.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    // What went wrong inside is for the log, not for whoever asks.
    if (status >= 500) log.error({ err: error }, 'an HTTP request failed');
    return reply
      .code(status)
      .send({ error: REASONS.get(status) ?? (status >= 500 ? 'failed' : 'bad request') });
  });
  app.get('/livez', () => ({ live: true }));
  app.get('/readyz', (_request, reply) => {
    const reason = view.unreadyReason();
    return reply.code(reason === null ? 200 : 503).send({ ready: reason === null, reason });
  });
  app.get('/status', () => view.status());
  app.get('/metrics', async (_request, reply) => {
    const text = await view.metrics();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  const url = await listen(port).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && !portConfigured) {
      log.warn({ port }, 'the default port is taken; taking a free one');
      return listen(0);
    }
    throw new ConfigurationError(`http.port: ${host}:${port} cannot be listened on: ${messageOf(error)}`, {
      cause: error,
    });
  });
  log.info({ url }, 'serving /livez, /readyz, /metrics and /status');
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await app.close();
    },
  };

  function listen(at: number): Promise<string> {
    return app.listen({ host, port: at });
  }
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'bad request'],
  [408, 'request timeout'],
  [413, 'payload too large'],
  [414, 'uri too long'],
  [415, 'unsupported media type'],
  [431, 'request header fields too large'],
]);

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** What cannot be read as HTTP gets an answer as short as any other, and its connection is closed. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ''] ?? 400;
  const reason = REASONS.get(status) ?? 'bad request';
  const body = JSON.stringify({ error: reason });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
