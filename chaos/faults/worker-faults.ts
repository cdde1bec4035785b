import { isAlive } from '../children.js';
import { comes, lasting, until } from '../waiting.js';
import type { Fleet } from '../fleet/fleet.js';
import { ownerOf } from '../network/connection-owner.js';
import { type Fault, type Stage, between, pick } from './fault.js';
import { heldCommit } from './held-commit.js';
import { type Point, reach, takenBy } from './wire-points.js';

/** Beyond the session time-out, which is 10 s by default. */
const ZOMBIE_MS: readonly [number, number] = [12_000, 16_000];
const AT_WORK_MS = 3000;
/** Nobody is at work while the group has no coordinator. */
const AT_WORK_LIMIT_MS = 12_000;
/** An added worker has joined by then, when all is well. */
const ADDED_MS = 5000;
/** A worker that was killed now and then is given half a minute's pause before it is started again. */
const STARTED_LIMIT_MS = 60_000;
/** A worker that was asked to leave may be suspended for a while, and then takes its shutdownTimeoutMs. */
const GONE_LIMIT_MS = 60_000;

/** SIGKILL for the worker that gets to this point next, while its frame is held in the proxy. */
function killAt(name: string, point: Point): Fault {
  return {
    name,
    group: 'worker',
    takes: takenBy(point),
    inflict: (stage, { strikes, signal }) =>
      reach(stage, point, signal, ({ pid, passing, let: release }) => {
        strikes();
        stage.fleet.kill(pid);
        // What it had sent by then still arrives.
        release('pass');
        return `pid ${pid} at ${point.api} ${point.direction} of ${passing.request.transactionalId}`;
      }),
  };
}

const zombie: Fault = {
  name: 'worker suspended past its session, then woken',
  group: 'worker',
  takes: [],
  async inflict(stage, { random, strikes, signal }) {
    const { fleet } = stage;
    if (!(await comes(AT_WORK_LIMIT_MS, () => atWork(stage).length > 0, { signal }))) return null;
    const pid = pick(atWork(stage), random);
    if (pid === undefined) return null;
    strikes();
    fleet.suspend(pid);
    const ms = between(...ZOMBIE_MS, random);
    await lasting(ms, signal);
    fleet.resume(pid);
    return `pid ${pid} for ${Math.round(ms)} ms`;
  },
};

/** Workers that own partitions: they sent a transactional request a moment ago. */
function atWork({ wire, fleet }: Stage): number[] {
  const pids = fleet.workerPids.filter((pid) => !fleet.isSuspended(pid));
  const owners = wire.transactionalPorts(AT_WORK_MS).map((port) => ownerOf(port, pids));
  return [...new Set(owners.filter((pid) => pid !== null))].sort((a, b) => a - b);
}

const supervisorKilled: Fault = {
  name: 'supervisor killed',
  group: 'worker',
  takes: ['supervisor'],
  async inflict({ fleet }, { strikes, signal }) {
    strikes();
    const orphans = await fleet.killSupervisor();
    // Its workers find out, commit what they have and leave; whoever started it starts it again at once.
    fleet.start();
    await until(
      'the orphans are gone',
      GONE_LIMIT_MS,
      () => orphans.every((pid) => fleet.isSuspended(pid) || !isAlive(pid)),
      { signal },
    );
    return `${orphans.length} workers left behind`;
  },
};

const workerAdded: Fault = {
  name: 'worker added',
  group: 'worker',
  takes: ['members'],
  inflict({ fleet }, { strikes }) {
    strikes();
    fleet.addWorker();
    return Promise.resolve(`${fleet.workerPids.length} workers`);
  },
};

const workerRemoved: Fault = {
  name: 'worker removed',
  group: 'worker',
  takes: ['members'],
  async inflict({ fleet }, { strikes, signal }) {
    if (!fleet.hasAdded) {
      fleet.addWorker();
      await lasting(ADDED_MS, signal);
    }
    strikes();
    if (!(await fleet.removeWorker())) return null;
    return `${fleet.workerPids.length} workers`;
  },
};

const rollingRestart: Fault = {
  name: 'rolling restart of the fleet',
  group: 'worker',
  takes: ['supervisor'],
  async inflict({ fleet }, { strikes, signal }) {
    strikes();
    return `${await restartOneByOne(fleet, signal)} workers`;
  },
};

/** SIGTERM for each worker, the next only when another has taken the place of the last. @returns how many */
export async function restartOneByOne(fleet: Fleet, signal: AbortSignal): Promise<number> {
  const before = fleet.supervisedPids.filter((pid) => !fleet.isSuspended(pid));
  for (const pid of before) {
    if (signal.aborted) break;
    if (fleet.isSuspended(pid)) continue;
    fleet.askToLeave(pid);
    await until(`pid ${pid} is gone`, GONE_LIMIT_MS, () => !fleet.supervisedPids.includes(pid), { signal });
    await until(
      'another is in its place',
      STARTED_LIMIT_MS,
      () => fleet.supervisedPids.length >= before.length,
      { signal },
    );
  }
  return before.length;
}

export const WORKER_FAULTS: readonly Fault[] = [
  killAt('worker killed after it sent its output', { api: 'Produce', direction: 'response' }),
  killAt('worker killed after it added its offsets', { api: 'TxnOffsetCommit', direction: 'response' }),
  killAt('worker killed before its commit is heard', { api: 'EndTxn', direction: 'request' }),
  killAt('worker killed after its commit, unheard', { api: 'EndTxn', direction: 'response' }),
  killAt('worker killed during the fence', { api: 'InitProducerId', direction: 'response', isFence: true }),
  killAt('worker killed while it asks for its next epoch', { api: 'InitProducerId', direction: 'response' }),
  zombie,
  heldCommit("old owner's commit held until the new one fences", 'before the fence'),
  heldCommit("old owner's commit held until the new one has read its offset", 'after the offset is read'),
  supervisorKilled,
  workerAdded,
  workerRemoved,
  rollingRestart,
];
