import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { FrameSplitter, type RequestFacts, correlationIdOf, requestFacts } from './frames.js';
import type { Wire } from './wire.js';

/** How the line to a broker is at the moment. */
export interface Line {
  /** Nothing gets through, and open connections are closed. */
  cut: boolean;
  /** Added to every frame, in each direction. */
  delayMs: number;
  /** 0 for as fast as it goes. */
  bytesPerSecond: number;
}

/** A trickle goes out in pieces of this size. */
const PIECE_BYTES = 512;

/** One broker's proxy: the address that it advertises. Understands frames, not what is in them. */
export class Proxy implements AsyncDisposable {
  readonly line: Line = { cut: false, delayMs: 0, bytesPerSecond: 0 };
  private readonly connections = new Set<Connection>();

  private constructor(
    readonly broker: number,
    private readonly server: Server,
  ) {}

  /** @param port where it listens; 0 for any */
  static async listen(broker: number, port: number, targetPort: number, wire: Wire): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(broker, server);
    server.on('connection', (client) => proxy.accept(client, targetPort, wire));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  cut(): void {
    this.line.cut = true;
    for (const connection of this.connections) connection.close();
  }

  /** As new. */
  heal(): void {
    this.line.cut = false;
    this.line.delayMs = 0;
    this.line.bytesPerSecond = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.connections) connection.close();
    await closed;
  }

  private accept(client: Socket, targetPort: number, wire: Wire): void {
    if (this.line.cut) {
      client.destroy();
      return;
    }
    const connection = new Connection(this.broker, client, targetPort, this.line, wire);
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
  }
}

/** One client's connection. Frames of each direction go one after the other. */
class Connection {
  readonly closed: Promise<void>;
  private readonly upstream: Socket;
  private readonly inFlight = new Map<number, RequestFacts>();
  private readonly clientPort: number;

  constructor(
    private readonly broker: number,
    private readonly client: Socket,
    targetPort: number,
    private readonly line: Line,
    private readonly wire: Wire,
  ) {
    this.clientPort = client.remotePort ?? 0;
    this.upstream = connect({ host: '127.0.0.1', port: targetPort });
    client.setNoDelay(true);
    this.upstream.setNoDelay(true);
    const requests = this.pump(client, this.upstream, (frame) => this.request(frame));
    const responses = this.pump(this.upstream, client, (frame) => this.response(frame));
    // The end of one side is the end of the other, but only after what was on its way: a request that was held back
    // still reaches the broker when its sender is gone.
    void requests.then(() => this.upstream.end());
    void responses.then(() => client.end());
    this.closed = Promise.all([requests, responses]).then(() => this.close());
  }

  close(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  private request(frame: Buffer): RequestFacts {
    const facts = requestFacts(frame, this.wire.isOurs);
    this.inFlight.set(facts.correlationId, facts);
    return facts;
  }

  private response(frame: Buffer): RequestFacts | null {
    const correlationId = correlationIdOf(frame);
    const facts = this.inFlight.get(correlationId) ?? null;
    this.inFlight.delete(correlationId);
    return facts;
  }

  /** Resolves when `from` has ended and everything that came is dealt with. */
  private async pump(
    from: Socket,
    to: Socket,
    factsOf: (frame: Buffer) => RequestFacts | null,
  ): Promise<void> {
    const splitter = new FrameSplitter();
    const direction = from === this.client ? 'request' : 'response';
    // A reset is an end like any other.
    from.on('error', () => from.destroy());
    let last: Promise<void> = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const arrived = performance.now();
      for (const frame of splitter.push(chunk)) {
        const request = factsOf(frame);
        last = last.then(() => this.pass({ frame, request, direction, arrived, to }));
      }
    });
    await new Promise<void>((resolve) => from.once('close', () => resolve()));
    await last;
  }

  private async pass({
    frame,
    request,
    direction,
    arrived,
    to,
  }: {
    readonly frame: Buffer;
    readonly request: RequestFacts | null;
    readonly direction: 'request' | 'response';
    readonly arrived: number;
    readonly to: Socket;
  }): Promise<void> {
    const { broker, clientPort } = this;
    if (request !== null) {
      const hasWay = (): boolean => to.writable;
      const fate = await this.wire.fateOf({ broker, direction, request, clientPort, hasWay });
      if (fate === 'swallow') return;
      if (fate === 'cut') {
        this.close();
        return;
      }
    }
    const waitMs = arrived + this.line.delayMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    for (let at = 0; at < frame.length;) {
      const { bytesPerSecond } = this.line;
      const size = bytesPerSecond === 0 ? frame.length - at : Math.min(PIECE_BYTES, frame.length - at);
      if (to.writable) to.write(frame.subarray(at, at + size));
      at += size;
      if (bytesPerSecond > 0) await delay((size / bytesPerSecond) * 1000);
    }
  }
}
