import { latch } from '../waiting.js';
import { API, type ApiName, type RequestFacts } from './frames.js';

/** A request, or the response to one, on its way through a proxy. */
export interface Passing {
  readonly broker: number;
  readonly direction: 'request' | 'response';
  /** Of the request, also when this is its response. */
  readonly request: RequestFacts;
  /** The client's port on this machine: tells which process it is. */
  readonly clientPort: number;
  /** Whether it can still go where it is going: the connection there is open. */
  readonly hasWay: () => boolean;
}

/**
 * What happens to it: it goes on; or it is lost and the connection with it (`cut`); or it is lost and the connection
 * stays, so that the client waits for an answer that never comes (`swallow`).
 */
export type Fate = 'pass' | 'cut' | 'swallow';

/** Sees everything that passes; what it returns a promise for waits, with all that follows in the same direction. */
export type Interceptor = (passing: Passing) => Fate | Promise<Fate> | undefined;

/** All proxies of a cluster together: who listens in, and how the lines are. */
export class Wire {
  private readonly interceptors = new Set<Interceptor>();
  private readonly listeners = new Set<(passing: Passing) => void>();
  private readonly lastBroker = new Map<number, number>();
  private readonly transactionalAt = new Map<number, number>();

  /** @param isOurs whether a client, by its id, belongs to the fleet under test */
  constructor(readonly isOurs: (clientId: string) => boolean) {}

  intercept(interceptor: Interceptor): Disposable {
    this.interceptors.add(interceptor);
    return { [Symbol.dispose]: () => void this.interceptors.delete(interceptor) };
  }

  /**
   * The next passing of the fleet's that is the one; it is not held by this.
   * @param signal ends the listening
   * @returns null when the signal aborts first
   */
  async next(isIt: (passing: Passing) => boolean, signal: AbortSignal): Promise<Passing | null> {
    const heard = latch<Passing | null>();
    const listener = (passing: Passing): void => {
      if (isIt(passing)) heard.open(passing);
    };
    this.listeners.add(listener);
    const stop = (): void => heard.open(null);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const found = await heard.promise;
    signal.removeEventListener('abort', stop);
    this.listeners.delete(listener);
    return found;
  }

  /** How many listen or intercept now. */
  get listenerCount(): number {
    return this.listeners.size + this.interceptors.size;
  }

  /** The ports from which transactional requests of the fleet's came within this time. */
  transactionalPorts(withinMs: number): number[] {
    const since = performance.now() - withinMs;
    for (const [port, atMs] of this.transactionalAt) if (atMs < since) this.transactionalAt.delete(port);
    return [...this.transactionalAt.keys()];
  }

  /** The broker to which the fleet last sent such a request: of EndTxn a transaction coordinator, for instance. */
  lastBrokerFor(api: ApiName): number | null {
    return this.lastBroker.get(API[api]) ?? null;
  }

  /** The first interceptor that has an opinion decides. */
  fateOf(passing: Passing): Fate | Promise<Fate> {
    if (this.isOurs(passing.request.clientId)) this.note(passing);
    for (const interceptor of this.interceptors) {
      const fate = interceptor(passing);
      if (fate !== undefined) return fate;
    }
    return 'pass';
  }

  private note(passing: Passing): void {
    const { broker, direction, request, clientPort } = passing;
    if (direction === 'request') this.lastBroker.set(request.api, broker);
    if (direction === 'request' && request.transactionalId !== null)
      this.transactionalAt.set(clientPort, performance.now());
    for (const listener of this.listeners) listener(passing);
  }
}
