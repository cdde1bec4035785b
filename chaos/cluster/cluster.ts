import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtEnd } from '../children.js';
import { Proxy } from '../network/proxy.js';
import type { Wire } from '../network/wire.js';
import { until } from '../waiting.js';
import { Broker } from './broker.js';
import { clusterHealth } from './health.js';
import { freePorts } from './ports.js';
import { SmallDisk } from './small-disk.js';

export const BROKERS = 3;
/** For clients, what is advertised to them, the other brokers, and the quorum. */
const PORTS_PER_BROKER = 4;
const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 20_000;
/** Holds the broker's share of every log, and is filled in a moment. */
const SMALL_DISK_BYTES = 201_326_592;

/** Three brokers, each behind a proxy, with the last one's second log folder on a small disk. */
export class Cluster implements AsyncDisposable {
  /** Whether logs and data stay when it ends. */
  isKept = false;
  readonly brokers: Broker[] = [];
  readonly proxies: Proxy[] = [];
  private smallDisk: SmallDisk | null = null;

  private constructor(
    readonly folder: string,
    private readonly signal: AbortSignal,
  ) {}

  /** @param signal ends every wait for the cluster */
  static async start(jars: string, wire: Wire, signal: AbortSignal): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-chaos-'));
    removeAtEnd(folder);
    const cluster = new Cluster(folder, signal);
    try {
      await cluster.bringUp(jars, wire);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Logs and data stay when it ends. */
  keep(): void {
    this.isKept = true;
    removeAtEnd(null);
  }

  get disk(): SmallDisk {
    if (this.smallDisk === null) throw new Error('the small disk is not mounted');
    return this.smallDisk;
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
    await until('all brokers are there and all replicas in sync', READY_LIMIT_MS, () => this.isComplete(), {
      pollMs: 250,
      signal: this.signal,
    });
  }

  /** A partition is without one of its replicas. */
  async missesReplicas(): Promise<boolean> {
    const health = await clusterHealth(this.internalAddresses, BROKERS);
    return health !== null && health.underReplicated > 0;
  }

  /** A broker is back when it answers; its replicas may still be catching up. */
  async restart(broker: Broker): Promise<void> {
    this.signal.throwIfAborted();
    broker.start();
    await this.untilComplete();
  }

  async stop(broker: Broker): Promise<void> {
    await broker.stop(STOP_LIMIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.kill()));
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
    await this.smallDisk?.[Symbol.asyncDispose]();
    if (!this.isKept) rmSync(this.folder, { recursive: true, force: true });
    removeAtEnd(null);
  }

  private async bringUp(jars: string, wire: Wire): Promise<void> {
    const { folder, brokers, proxies } = this;
    this.smallDisk = await SmallDisk.mount(join(folder, 'small-disk'), SMALL_DISK_BYTES);
    const ids = Array.from({ length: BROKERS }, (_, index) => index + 1);
    const ports = await freePorts(BROKERS * PORTS_PER_BROKER);
    const take = (): number => ports.pop() as number;
    const controllerPorts = ids.map(take);
    for (const id of ids) {
      const [clientPort, advertisedPort, internalPort] = [take(), take(), take()];
      proxies.push(await Proxy.listen(id, advertisedPort, clientPort, wire));
      const home = join(folder, `broker-${id}`);
      const logFolders = [join(home, 'log'), ...(id === BROKERS ? [join(this.disk.folder, 'log')] : [])];
      const controllerPort = controllerPorts[id - 1] as number;
      const layout = {
        id,
        clientPort,
        advertisedPort,
        internalPort,
        controllerPort,
        controllerPorts,
        folder: home,
        logFolders,
      };
      brokers.push(new Broker(layout, jars, id === BROKERS ? this.disk.prefix : []));
    }
    const clusterId = `c${randomBytes(16).toString('hex').slice(0, 21)}`;
    await Promise.all(brokers.map((broker) => broker.format(clusterId)));
    for (const broker of brokers) broker.start();
    await this.untilComplete();
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
