import { API, type ApiName, isFence } from '../network/frames.js';
import { ownerOf } from '../network/connection-owner.js';
import type { Fate, Passing } from '../network/wire.js';
import { lasting, latch } from '../waiting.js';
import type { Resource, Stage } from './fault.js';

/** How long new owners are left alone, to commit what they believe to be next, before the group is shared out again. */
export const OWNED_MS = 4000;

/** A point in a worker's dealings with the brokers: a request that leaves it, or the response that comes back. */
export interface Point {
  readonly api: ApiName;
  readonly direction: 'request' | 'response';
  /** Of InitProducerId: whether it is a fence, or asks for the epoch of the next transaction. */
  readonly isFence?: boolean;
}

/** How long a point may take to come up. Idle partitions commit nothing, and a cluster that is away answers nothing. */
const POINT_LIMIT_MS = 12_000;

export interface Reached {
  readonly passing: Passing;
  readonly pid: number;
  /** What becomes of the frame, which waits until this is called. */
  readonly let: (fate: Fate) => void;
}

/** The next time that a worker gets there: its frame is held until `let` is called. @returns null when none does in time */
export async function nextAt(
  { wire, fleet }: Stage,
  point: Point,
  signal: AbortSignal,
  also: (passing: Passing, pid: number) => boolean = () => true,
): Promise<Reached | null> {
  const reached = latch<Reached | null>();
  let isTaken = false;
  using _listening = wire.intercept((passing) => {
    if (isTaken || !isAt(passing, point)) return undefined;
    const pid = ownerOf(passing.clientPort, fleet.workerPids);
    if (pid === null || fleet.isSuspended(pid) || !also(passing, pid)) return undefined;
    isTaken = true;
    const fate = latch<Fate>();
    reached.open({ passing, pid, let: fate.open });
    return fate.promise;
  });
  const late = new AbortController();
  void lasting(POINT_LIMIT_MS, AbortSignal.any([signal, late.signal])).then(() => {
    if (!isTaken) reached.open(null);
  });
  const found = await reached.promise;
  late.abort();
  return found;
}

function isAt({ direction, request }: Passing, point: Point): boolean {
  if (request.transactionalId === null || direction !== point.direction) return false;
  return request.api === API[point.api] && (point.isFence ?? false) === isFence(request);
}

/** Runs something while a member joins, and leaves afterwards: every partition is fenced, which else happens to none. */
export async function whileJoining<T>({ fleet }: Stage, run: () => Promise<T>): Promise<T> {
  const added = fleet.addWorker();
  try {
    return await run();
  } finally {
    await fleet.removeWorker(added);
  }
}

/** The next time that a worker gets there; where that is the fence, it is brought about. */
export async function reach(
  stage: Stage,
  point: Point,
  signal: AbortSignal,
  then: (reached: Reached) => string,
): Promise<string | null> {
  const wait = async (): Promise<string | null> => {
    const reached = await nextAt(stage, point, signal);
    return reached === null ? null : then(reached);
  };
  return point.isFence === true ? whileJoining(stage, wait) : wait();
}

/** What a fault that aims at this point must have for itself. */
export function takenBy(point: Point): readonly Resource[] {
  return point.isFence === true ? ['members'] : [];
}
