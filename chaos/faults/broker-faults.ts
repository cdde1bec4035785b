import type { ApiName } from '../network/frames.js';
import { BROKERS } from '../cluster/cluster.js';
import { comes, lasting } from '../waiting.js';
import { type Fault, between, pick } from './fault.js';
import { OWNED_MS } from './wire-points.js';
import { lateMarker } from './late-marker.js';

const SUSPENDED_MS = 20_000;
/** The brokers' session is 9 s: after that the group has another coordinator, and metadata leave the old one out. */
const JOIN_AT_MS: readonly [number, number] = [10_000, 14_000];
/** More than one: a worker whose first address is that of the broker that stands still joins too late. */
const ADDED = 2;
const DISK_FULL_MS: readonly [number, number] = [2000, 6000];
const OUT_OF_SERVICE_LIMIT_MS = 15_000;

const killed: Fault = {
  name: 'broker killed',
  group: 'broker',
  takes: ['brokers'],
  async inflict({ cluster }, { random, strikes, signal }) {
    const broker = pick(cluster.brokers, random);
    if (broker === undefined) return null;
    strikes();
    await broker.kill();
    await lasting(between(0, 4000, random), signal);
    await cluster.restart(broker);
    return `broker ${broker.id}`;
  },
};

const restarted: Fault = {
  name: 'broker restarted',
  group: 'broker',
  takes: ['brokers'],
  async inflict({ cluster }, { random, strikes }) {
    const broker = pick(cluster.brokers, random);
    if (broker === undefined) return null;
    strikes();
    await cluster.stop(broker);
    await cluster.restart(broker);
    return `broker ${broker.id}`;
  },
};

const rolled: Fault = {
  name: 'brokers restarted one after the other',
  group: 'broker',
  takes: ['brokers'],
  async inflict({ cluster }, { strikes, signal }) {
    strikes();
    for (const broker of cluster.brokers) {
      if (signal.aborted) break;
      await cluster.stop(broker);
      await cluster.restart(broker);
    }
    return 'all three';
  },
};

/** SIGSTOP for the broker that the fleet turns to for this. */
function coordinatorSuspended(name: string, api: ApiName): Fault {
  return {
    name,
    group: 'broker',
    takes: ['brokers'],
    async inflict({ cluster, wire }, { strikes, signal }) {
      const id = wire.lastBrokerFor(api);
      if (id === null) return null;
      const broker = cluster.broker(id);
      strikes();
      broker.suspend();
      await lasting(SUSPENDED_MS, signal);
      broker.resume();
      await cluster.untilComplete();
      return `broker ${id} for ${SUSPENDED_MS} ms`;
    },
  };
}

/**
 * The group is shared out anew while its coordinator stands still: another broker becomes the coordinator, members join
 * and fence there, and questions that wait at the old one are answered from what it knew, when it wakes.
 */
const coordinatorSuspendedWhileSharing: Fault = {
  name: 'group coordinator suspended while the group is shared out anew',
  group: 'broker',
  takes: ['brokers', 'members'],
  async inflict({ cluster, fleet, wire }, { random, strikes, signal }) {
    const id = wire.lastBrokerFor('TxnOffsetCommit');
    if (id === null) return null;
    const broker = cluster.broker(id);
    const joinAtMs = Math.round(between(...JOIN_AT_MS, random));
    strikes();
    broker.suspend();
    await lasting(joinAtMs, signal);
    const added = Array.from({ length: ADDED }, () => fleet.addWorker());
    const joins = (): number => fleet.findings.countOf('joined the group');
    const before = joins();
    await lasting(SUSPENDED_MS - joinAtMs, signal);
    const meanwhile = joins() - before;
    broker.resume();
    await cluster.untilComplete();
    await lasting(OWNED_MS, signal);
    for (const pid of added) await fleet.removeWorker(pid);
    return `broker ${id} for ${SUSPENDED_MS} ms, ${ADDED} workers added after ${joinAtMs} ms, ${meanwhile} joins before it woke`;
  },
};

const diskFull: Fault = {
  name: 'disk full under one log directory',
  group: 'broker',
  takes: ['brokers'],
  async inflict({ cluster }, { random, strikes, signal }) {
    const broker = cluster.broker(BROKERS);
    const lastsMs = between(...DISK_FULL_MS, random);
    strikes();
    cluster.disk.fill();
    // The broker takes the directory out of service at its first write that fails, and its leaders move.
    const isOut = await comes(OUT_OF_SERVICE_LIMIT_MS, () => cluster.missesReplicas(), {
      pollMs: 250,
      signal,
    });
    await lasting(isOut ? lastsMs : 0, signal);
    cluster.disk.empty();
    if (!isOut) return null;
    // A directory comes back only with a restart.
    await cluster.stop(broker);
    await cluster.restart(broker);
    return `broker ${broker.id}, for ${Math.round(lastsMs)} ms after the directory was out of service`;
  },
};

export const BROKER_FAULTS: readonly Fault[] = [
  killed,
  restarted,
  rolled,
  coordinatorSuspended('transaction coordinator suspended for 20 s', 'EndTxn'),
  coordinatorSuspended('group coordinator suspended for 20 s', 'TxnOffsetCommit'),
  coordinatorSuspendedWhileSharing,
  diskFull,
  lateMarker,
];
