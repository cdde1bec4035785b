import { type ChildProcess, fork } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { awaitReady } from '../../src/local-broker/await-ready.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import type { GuardMessage } from '../../src/local-broker/guard.js';
import { type LaunchPlan, planLaunch } from '../../src/local-broker/launch-plan.js';
import { findRuntime } from '../../src/local-broker/runtime.js';
import { log } from './scenario.js';
import { until } from './until.js';

const GUARD = fileURLToPath(new URL('../../src/local-broker/guard.js', import.meta.url));

/** The cluster waits until the last session of a killed broker is over, and a group until those of its members are. */
const SHORT_SESSIONS = `
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=500
group.min.session.timeout.ms=1000
`;

/** A cluster of one broker that can be killed and started again, with the same ports and data. */
export class LoneBroker implements AsyncDisposable {
  readonly brokers: string[];
  private guard: ChildProcess | null = null;
  private pid: number | null = null;
  private ended: Promise<void> = Promise.resolve();

  private constructor(private readonly plan: LaunchPlan) {
    this.brokers = [...plan.brokers];
  }

  /**
   * @param properties added to its server.properties
   * @returns null without Java: a container's data do not outlive it
   */
  static async create(properties = ''): Promise<LoneBroker | null> {
    const runtime = await findRuntime(cacheFolder(process.env), () => undefined);
    if (runtime.kind !== 'java') return null;
    const dataDir = mkdtempSync(join(tmpdir(), 'outrider-lone-broker-'));
    const plan = await planLaunch(runtime, dataDir, null);
    appendFileSync(join(dataDir, 'server.properties'), `${SHORT_SESSIONS}${properties}\n`);
    return new LoneBroker(plan);
  }

  /** A second broker of this one's cluster, which must have been created; it is started and killed by itself. */
  async another(): Promise<LoneBroker> {
    const { runtime } = this.plan;
    const found = await findRuntime(cacheFolder(process.env), () => undefined);
    if (runtime !== 'java' || found.kind !== 'java') throw new Error('a second broker needs Java');
    const dataDir = mkdtempSync(join(tmpdir(), 'outrider-lone-broker-'));
    // What is there already is not formatted again: it belongs to the first one's cluster.
    mkdirSync(join(dataDir, 'log'));
    writeFileSync(
      join(dataDir, 'log', 'meta.properties'),
      `version=1\ncluster.id=${this.property(join('log', 'meta.properties'), 'cluster.id')}\nnode.id=2\n`,
    );
    const plan = await planLaunch(found, dataDir, null);
    const [address] = plan.brokers;
    appendFileSync(
      join(dataDir, 'server.properties'),
      `${SHORT_SESSIONS}
process.roles=broker
node.id=2
listeners=PLAINTEXT://${address}
controller.quorum.voters=${this.property('server.properties', 'controller.quorum.voters')}
`,
    );
    return new LoneBroker(plan);
  }

  /** Returns when the broker answers. The guard ends it when this process goes away, however it does. */
  async start(): Promise<void> {
    const guard = fork(GUARD, [JSON.stringify(this.plan)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.guard = guard;
    this.ended = new Promise((resolve) => guard.once('exit', () => resolve()));
    guard.on('message', (message: GuardMessage) => {
      if (message.kind === 'started') this.pid = message.pid;
    });
    await awaitReady(this.plan.brokers[0], this.ended, this.plan.logFile, log);
  }

  /** SIGSTOP: it takes connections and answers nothing, until it is killed. Returns when its last thread has stopped. */
  async suspend(): Promise<void> {
    const { pid } = this;
    if (pid === null) throw new Error('the broker does not run');
    process.kill(pid, 'SIGSTOP');
    await until('every thread has stopped', STOPPED_LIMIT_MS, () => areThreadsStopped(pid));
  }

  /** SIGKILL. Returns when the process is gone. */
  async kill(): Promise<void> {
    if (this.pid === null) throw new Error('the broker does not run');
    process.kill(this.pid, 'SIGKILL');
    this.pid = null;
    await this.ended;
  }

  /** The file of a partition's first segment, which it reads from again for every fetch. */
  segment(topic: string, partition: number): string {
    return join(this.plan.dataDir, 'log', `${topic}-${partition}`, '00000000000000000000.log');
  }

  private property(file: string, key: string): string {
    const text = readFileSync(join(this.plan.dataDir, file), 'utf8');
    const line = text.split('\n').findLast((each) => each.startsWith(`${key}=`));
    if (line === undefined) throw new Error(`${file} has no ${key}`);
    return line.slice(key.length + 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.guard?.connected === true) this.guard.disconnect();
    await this.ended;
    rmSync(this.plan.dataDir, { recursive: true, force: true });
  }
}

const STOPPED_LIMIT_MS = 5000;

/** A busy thread on another processor may answer once more after the signal (proc(5): the state stands behind the name). */
function areThreadsStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).every((thread) =>
    readFileSync(join(threads, thread, 'stat'), 'utf8').includes(') T '),
  );
}
