import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/local-broker/launch-plan.js';
import { Proxy } from '../network/proxy.js';
import type { Wire } from '../network/wire.js';
import { until } from '../waiting.js';
import { Broker } from './broker.js';
import { clusterHealth } from './health.js';
import { SmallDisk } from './small-disk.js';

export const BROKERS = 3;
const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 20_000;
/** Holds the broker's share of every log, and is filled in a moment. */
const SMALL_DISK_BYTES = 201_326_592;

/** Three brokers, each behind a proxy, with the last one's second log folder on a small disk. */
export class Cluster implements AsyncDisposable {
  /** Whether logs and data stay when it ends. */
  keepData = false;

  private constructor(
    readonly folder: string,
    readonly brokers: readonly Broker[],
    readonly proxies: readonly Proxy[],
    readonly disk: SmallDisk,
  ) {}

  static async start(jars: string, wire: Wire): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-chaos-'));
    const disk = await SmallDisk.mount(join(folder, 'small-disk'), SMALL_DISK_BYTES);
    const ids = Array.from({ length: BROKERS }, (_, index) => index + 1);
    const controllerPorts = await Promise.all(ids.map(() => freePort()));
    const proxies: Proxy[] = [];
    const brokers: Broker[] = [];
    for (const id of ids) {
      const clientPort = await freePort();
      const proxy = await Proxy.listen(id, clientPort, wire);
      const home = join(folder, `broker-${id}`);
      const logFolders = [join(home, 'log'), ...(id === BROKERS ? [join(disk.folder, 'log')] : [])];
      const layout = {
        id,
        clientPort,
        advertisedPort: proxy.port,
        internalPort: await freePort(),
        controllerPort: controllerPorts[id - 1] ?? 0,
        controllerPorts,
        folder: home,
        logFolders,
      };
      proxies.push(proxy);
      brokers.push(new Broker(layout, jars, id === BROKERS ? disk.prefix : []));
    }
    const cluster = new Cluster(folder, brokers, proxies, disk);
    const clusterId = `c${randomBytes(16).toString('hex').slice(0, 21)}`;
    await Promise.all(brokers.map((broker) => broker.format(clusterId)));
    for (const broker of brokers) broker.start();
    await cluster.untilComplete();
    return cluster;
  }

  /** Addresses of the proxies. */
  get addresses(): string[] {
    return this.proxies.map(({ address }) => address);
  }

  /** Past the proxies: for those who watch. */
  get internalAddresses(): string[] {
    return this.brokers.map(({ layout }) => `127.0.0.1:${layout.internalPort}`);
  }

  broker(id: number): Broker {
    const found = this.brokers.find((broker) => broker.id === id);
    if (found === undefined) throw new RangeError(`there is no broker ${id}`);
    return found;
  }

  /** Every broker has registered and every partition of every topic has all its replicas in sync. */
  async untilComplete(): Promise<void> {
    await until(
      'all brokers are there and all replicas in sync',
      READY_LIMIT_MS,
      () => this.isComplete(),
      250,
    );
  }

  /** A broker is back when it answers; its replicas may still be catching up. */
  async restart(broker: Broker): Promise<void> {
    broker.start();
    await this.untilComplete();
  }

  async stop(broker: Broker): Promise<void> {
    await broker.stop(STOP_LIMIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.kill()));
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
    await this.disk[Symbol.asyncDispose]();
    if (!this.keepData) rmSync(this.folder, { recursive: true, force: true });
  }

  private async isComplete(): Promise<boolean> {
    if (this.brokers.some(({ isRunning, suspended }) => !isRunning || suspended)) {
      const dead = this.brokers.find(({ isRunning }) => !isRunning);
      if (dead !== undefined)
        throw new Error(`broker ${dead.id} ended by itself; the end of its log:\n${dead.lastWords()}`);
      return false;
    }
    const health = await clusterHealth(this.internalAddresses, BROKERS);
    return health?.brokers === BROKERS && health.underReplicated === 0;
  }
}
