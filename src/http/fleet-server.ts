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

const BODY_BYTES_MAX = 1024;
const REQUEST_TIMEOUT_MS = 5000;

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
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
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
