import { join } from 'node:path';
import { AsyncCleanup } from '../src/demo/async-cleanup.js';
import { seededRandom } from '../src/detect/random.js';
import { kafkaJars } from './clients/jars.js';
import { Cluster } from './cluster/cluster.js';
import { createTopics } from './cluster/topics.js';
import type { Stage } from './faults/fault.js';
import { FLEET_CLIENT_ID, NAMES, OUTPUTS, writeConfiguration } from './fleet/configuration.js';
import { CONTROL, CONTROL_VARIABLE, Fleet, OUTRIDER } from './fleet/fleet.js';
import { Wire } from './network/wire.js';
import type { ChaosOptions } from './options.js';
import { LiveReader } from './verdict/reading.js';
import { Recovery } from './verdict/recovery.js';
import { Watch } from './verdict/watch.js';
import { until } from './waiting.js';
import { EventSource } from './workload/events.js';
import { Ledger } from './workload/ledger.js';
import { Workload } from './workload/workload.js';

/** Of the input, and of each output topic. */
export const PARTITIONS = 6;
/** The share of events that cannot be decoded. */
const UNDECODABLE = 0.02;
/** Five seconds' worth: as many are unknown when the producer is killed while a broker is away. */
const IN_FLIGHT_MAX = 1500;
const STARTED_LIMIT_MS = 60_000;
const CAUGHT_UP_LIMIT_MS = 30_000;

/** A cluster, a fleet at work, and everybody who looks on. */
export interface Scene extends AsyncDisposable {
  readonly jars: string;
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly recovery: Recovery;
  readonly watch: Watch;
  readonly live: LiveReader;
}

/** Starts all of it; returns when the fleet has committed in every partition. Nothing is left when it fails. */
export async function setUp(
  options: ChaosOptions,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Scene> {
  const cleanup = new AsyncCleanup();
  try {
    return await startAll(options, cleanup, say, signal);
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function startAll(
  options: ChaosOptions,
  cleanup: AsyncCleanup,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Scene> {
  const kept = <T extends AsyncDisposable>(one: T): T => {
    cleanup.add(() => one[Symbol.asyncDispose]());
    return one;
  };
  const jars = await kafkaJars(say);
  const wire = new Wire((clientId) => clientId === FLEET_CLIENT_ID);
  say('starting three brokers …');
  const cluster = kept(await Cluster.start(jars, wire, signal));
  if (options.keep) cluster.keep();
  const direct = cluster.internalAddresses.join(',');
  const proxied = cluster.addresses.join(',');
  await createTopics(cluster.internalAddresses, PARTITIONS);
  const ledger = new Ledger();
  const recovery = new Recovery(ledger);
  const onCommitted = (partition: number, offset: number): void => recovery.moved(partition, offset);
  const watch = kept(new Watch(jars, direct, NAMES.group, OUTPUTS, onCommitted));
  const live = kept(new LiveReader(jars, proxied, OUTPUTS));
  const fleet = kept(newFleet(cluster, options));
  fleet.start();
  const workload = kept(
    new Workload({
      jars,
      bootstrap: proxied,
      topic: NAMES.input,
      eventsPerSecond: options.rate,
      eventsMax: Infinity,
      undecodable: UNDECODABLE,
      inFlightMax: IN_FLIGHT_MAX,
      heldBack: 'never sent',
      source: new EventSource(PARTITIONS, seededRandom(options.seed + 1)),
      ledger,
    }),
  );
  const started = (): boolean => hasStarted(recovery.committedOffsets());
  await until('the fleet commits in every partition', STARTED_LIMIT_MS, started, { signal });
  let isCaughtUp = false;
  void recovery.caughtUp().then(() => (isCaughtUp = true));
  await until('the fleet has caught up', CAUGHT_UP_LIMIT_MS, () => isCaughtUp, { signal });
  return {
    jars,
    stage: { cluster, fleet, wire, workload },
    ledger,
    recovery,
    watch,
    live,
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

function newFleet(cluster: Cluster, { workers, control }: ChaosOptions): Fleet {
  const configFile = join(cluster.folder, 'outrider.yml');
  writeConfiguration(configFile, cluster.addresses);
  return new Fleet({
    configFile,
    workers,
    logFile: join(cluster.folder, 'fleet.log'),
    program: control === null ? OUTRIDER : CONTROL,
    environment: control === null ? {} : { [CONTROL_VARIABLE]: control },
  });
}

function hasStarted(committed: ReadonlyMap<number, number>): boolean {
  return committed.size === PARTITIONS && [...committed.values()].every((offset) => offset > 0);
}
