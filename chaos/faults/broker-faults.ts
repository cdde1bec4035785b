import type { ApiName } from '../network/frames.js';
import { BROKERS } from '../cluster/cluster.js';
import { lasting } from '../waiting.js';
import { type Fault, between, pick } from './fault.js';

const SUSPENDED_MS = 20_000;

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

const diskFull: Fault = {
  name: 'disk full under one log directory',
  group: 'broker',
  takes: ['brokers'],
  async inflict({ cluster }, { random, strikes, signal }) {
    const broker = cluster.broker(BROKERS);
    strikes();
    cluster.disk.fill();
    // The broker takes the directory out of service at its first write that fails, and its leaders move.
    await lasting(between(5000, 9000, random), signal);
    cluster.disk.empty();
    // A directory comes back only with a restart.
    await cluster.stop(broker);
    await cluster.restart(broker);
    return `broker ${broker.id}`;
  },
};

export const BROKER_FAULTS: readonly Fault[] = [
  killed,
  restarted,
  rolled,
  coordinatorSuspended('transaction coordinator suspended for 20 s', 'EndTxn'),
  coordinatorSuspended('group coordinator suspended for 20 s', 'TxnOffsetCommit'),
  diskFull,
];
