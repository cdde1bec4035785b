import { API, type ApiName, type RequestFacts } from './frames.js';

/** A request, or the response to one, on its way through a proxy. */
export interface Passing {
  readonly broker: number;
  readonly direction: 'request' | 'response';
  /** Of the request, also when this is its response. */
  readonly request: RequestFacts;
  /** The client's port on this machine: tells which process it is. */
  readonly clientPort: number;
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
  private readonly lastBroker = new Map<number, number>();

  /** @param isOurs whether a client, by its id, belongs to the fleet under test */
  constructor(readonly isOurs: (clientId: string) => boolean) {}

  intercept(interceptor: Interceptor): Disposable {
    this.interceptors.add(interceptor);
    return { [Symbol.dispose]: () => void this.interceptors.delete(interceptor) };
  }

  /** Resolves when the fleet is about to get such a response; it is not held. */
  nextResponse(api: ApiName, isIt: (passing: Passing) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const listening = this.intercept((passing) => {
        const { direction, request } = passing;
        if (
          direction === 'response' &&
          request.api === API[api] &&
          this.isOurs(request.clientId) &&
          isIt(passing)
        ) {
          listening[Symbol.dispose]();
          resolve();
        }
        return undefined;
      });
    });
  }

  /** The broker to which the fleet last sent such a request: of EndTxn a transaction coordinator, for instance. */
  lastBrokerFor(api: ApiName): number | null {
    return this.lastBroker.get(API[api]) ?? null;
  }

  /** The first interceptor that has an opinion decides. */
  fateOf(passing: Passing): Fate | Promise<Fate> {
    const { broker, direction, request } = passing;
    if (direction === 'request' && this.isOurs(request.clientId)) this.lastBroker.set(request.api, broker);
    for (const interceptor of this.interceptors) {
      const fate = interceptor(passing);
      if (fate !== undefined) return fate;
    }
    return 'pass';
  }
}
