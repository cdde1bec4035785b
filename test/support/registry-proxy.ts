import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What is answered instead of the registry; `cut`: nothing, and the connection ends; `hang`: nothing. */
export type Intrusion =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'cut'
  | 'hang'
  /** What the registry says to another path. */
  | { readonly as: string }
  /** Bytes for as long as somebody reads them. */
  | { readonly endless: string };

/** The real registry of the test run, through a proxy that can be slow, mute, locked, or talk nonsense. */
export class RegistryProxy implements AsyncDisposable {
  /** Method and path of every request. */
  readonly asked: string[] = [];
  /** Decides what is answered instead; null passes a request on. */
  intrude: (what: string, request: IncomingMessage) => Intrusion | null = () => null;
  /** The most requests that were open at the same time. */
  openMax = 0;
  /** Endless answers that their reader has left. */
  left = 0;
  private open = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param tls a PKCS#12 key store, for https */
  static async start(tls?: { readonly pfx: Buffer; readonly passphrase: string }): Promise<RegistryProxy> {
    const listener: RequestListener = (request, response) =>
      void proxy.serve(request, response).catch(() => request.socket.destroy());
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    // A connection that is closed just when it is used again would be an answer that no test asked for.
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const proxy = new RegistryProxy(server, `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`);
    return proxy;
  }

  /** How often something was asked. */
  count(what: string): number {
    return this.asked.filter((each) => each === what).length;
  }

  private async serve(...[request, response]: Parameters<RequestListener>): Promise<void> {
    const what = `${request.method ?? ''} ${request.url ?? ''}`;
    this.asked.push(what);
    this.openMax = Math.max(this.openMax, ++this.open);
    response.once('close', () => this.open--);
    const intrusion = this.intrude(what, request);
    if (intrusion === 'hang') return;
    if (intrusion === 'cut') request.socket.destroy();
    else if (intrusion === null || 'as' in intrusion) {
      const { status, type, body } = await passOn(request, intrusion?.as ?? request.url ?? '');
      response.writeHead(status, { 'content-type': type }).end(body);
    } else if ('endless' in intrusion) {
      response.writeHead(200, { 'content-type': intrusion.endless });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more).once('close', () => this.left++);
      more();
    } else {
      response
        .writeHead(intrusion.status, { 'content-type': 'application/json', ...intrusion.headers })
        .end(intrusion.body);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function passOn(
  request: IncomingMessage,
  path: string,
): Promise<{ status: number; type: string; body: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const response = await fetch(testRegistry() + path, {
    method: request.method ?? 'GET',
    headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  });
  const type = response.headers.get('content-type') ?? 'text/plain';
  return { status: response.status, type, body: await response.text() };
}

/** Where the registry of the test run is. */
export function testRegistry(): string {
  const url = process.env.OUTRIDER_TEST_REGISTRY;
  if (url === undefined || url === '') throw new Error('no registry: run the tests with `npm test`');
  return url;
}

/** Registers a schema at the real registry, as a producer does. @returns its id */
export async function register(
  subject: string,
  schema: object | string,
  more: { readonly references?: readonly object[]; readonly schemaType?: string } = {},
): Promise<number> {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const response = await fetch(`${testRegistry()}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: text, ...more }),
  });
  const body = (await response.json()) as { id?: number };
  if (body.id === undefined) throw new Error(`not registered: ${JSON.stringify(body)}`);
  return body.id;
}
