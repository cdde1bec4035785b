import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { Config } from '../config/config.js';
import {
  EXIT,
  type OutriderError,
  MissingRemoteError,
  UnusableFileError,
  ConfigurationError,
} from '../errors.js';
import type { FleetView } from '../http/fleet-server.js';
import { KafkaAdmin } from '../kafka/admin.js';
import type { Clock } from '../model.js';
import { endOffsets, untilCommitted } from './end-offsets.js';
import { type FleetStatus, RateMeter, type WorkerView, fleetStatus, unreadyReason } from './fleet-status.js';
import { NO_TOTALS, REPORT_INTERVAL_MS, type Totals, addTotals } from './messages.js';
import { RestartPolicy } from './restart-policy.js';
import { WORKER_PROGRAM, type WorkerExit, WorkerProcess } from './worker-process.js';

export interface SupervisorOptions {
  readonly config: Config;
  /** How many; null for one per partition, at most fleet.max. */
  readonly workers: number | null;
  /** The file that is forked for each worker; the package's own unless a test puts another in its place. */
  readonly workerProgram?: string;
  /** What follows `outrider worker` on a child's command line. */
  readonly workerArguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stopAtEnd: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface FleetResult extends Totals {
  readonly restarts: number;
  readonly seconds: number;
}

/** A place in the fleet: it outlives the processes that fill it. */
interface Place {
  readonly id: number;
  readonly policy: RestartPolicy;
  process: WorkerProcess | null;
  restarts: number;
  state: WorkerView['state'];
}

/** Children are given this long beyond shutdownTimeoutMs before they are ended by force. */
const KILL_MARGIN_MS = 2000;

/** Starts workers, restarts those that die, gathers what they report. It never touches an event. */
export class Supervisor implements FleetView {
  private readonly places: Place[] = [];
  private readonly stopping = new AbortController();
  private readonly admin: KafkaAdmin;
  private readonly rate = new RateMeter();
  private readonly registry = new Registry();
  private readonly restartCounter: Counter;
  private finished: Totals = NO_TOTALS;
  private fatal: OutriderError | null = null;

  constructor(private readonly options: SupervisorOptions) {
    this.admin = new KafkaAdmin(options.config.kafka, options.log);
    this.restartCounter = new Counter({
      name: 'outrider_worker_restarts_total',
      help: 'Workers started again after they died',
      registers: [this.registry],
    });
    new Gauge({
      name: 'outrider_workers',
      help: 'Worker processes that are alive',
      registers: [this.registry],
      collect: ownGauge(() => this.places.filter(({ process }) => process !== null).length),
    });
  }

  /** Runs the fleet until the signal aborts or, with stopAtEnd, the group has committed everything. @throws OutriderError */
  async run(signal: AbortSignal): Promise<FleetResult> {
    const started = performance.now();
    const killAll = (): void => this.places.forEach(({ process }) => process?.terminate('SIGKILL'));
    process.once('exit', killAll);
    const stop = (): void => this.stopping.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const sampler = setInterval(
      () => this.rate.sample(this.totals().events, performance.now()),
      REPORT_INTERVAL_MS,
    );
    try {
      const { config } = this.options;
      const partitions = await this.admin.partitionCount(config.input.topic);
      const ends = this.options.stopAtEnd ? await endOffsets(this.admin, config.input.topic) : null;
      const count = this.options.workers ?? Math.min(partitions, config.fleet.max);
      const places = Array.from({ length: count }, (_, i) => this.keepPlace(i + 1));
      if (ends !== null) void this.stopAt(ends);
      await Promise.all(places);
      if (this.fatal !== null) throw this.fatal;
      return { ...this.totals(), restarts: this.restarts, seconds: (performance.now() - started) / 1000 };
    } finally {
      clearInterval(sampler);
      signal.removeEventListener('abort', stop);
      process.removeListener('exit', killAll);
      killAll();
      await this.admin[Symbol.asyncDispose]();
    }
  }

  status(): FleetStatus {
    const { config } = this.options;
    return fleetStatus(this.views(), {
      group: config.group,
      topic: config.input.topic,
      draining: this.stopping.signal.aborted,
      stallTimeoutMs: config.fleet.stallTimeoutMs,
      eventsPerSecond: this.rate.perSecond,
      totals: this.totals(),
    });
  }

  unreadyReason(): string | null {
    return unreadyReason(
      this.views(),
      this.stopping.signal.aborted,
      this.options.config.fleet.stallTimeoutMs,
    );
  }

  async metrics(): Promise<string> {
    const reports = this.places.flatMap(({ process }) =>
      process?.report == null ? [] : [process.report.metrics],
    );
    const own = (await this.registry.getMetricsAsJSON()) as unknown as readonly object[];
    return AggregatorRegistry.aggregate([...reports, own] as unknown as object[]).metrics();
  }

  private get restarts(): number {
    return this.places.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  private totals(): Totals {
    return this.places.reduce(
      (sum, { process }) => (process?.report == null ? sum : addTotals(sum, process.report.totals)),
      this.finished,
    );
  }

  private views(): readonly WorkerView[] {
    return this.places.map(({ id, process, restarts, state }) => ({
      id,
      pid: process?.pid ?? null,
      state: state === 'starting' && process?.report != null ? 'running' : state,
      restarts,
      report: process?.report ?? null,
    }));
  }

  /** Keeps a place filled until the fleet stops. */
  private async keepPlace(id: number): Promise<void> {
    const { config, log, random } = this.options;
    const place: Place = {
      id,
      policy: new RestartPolicy(config.fleet.restartBackoffMs, random),
      process: null,
      restarts: 0,
      state: 'starting',
    };
    this.places.push(place);
    while (!this.stopping.signal.aborted) {
      place.state = 'starting';
      const { workerProgram, workerArguments, environment } = this.options;
      const process = new WorkerProcess(workerProgram ?? WORKER_PROGRAM, workerArguments, environment);
      place.process = process;
      const forced = this.endWhenStopping(process, place);
      const exit = await process.exited;
      forced.abort();
      if (process.report !== null) this.finished = addTotals(this.finished, process.report.totals);
      place.process = null;
      if (this.stopping.signal.aborted) return;
      const fatal = fatalError(exit);
      if (fatal !== null) {
        this.fatal ??= fatal;
        this.stopping.abort();
        return;
      }
      place.state = 'restarting';
      const waitMs = place.policy.delayAfterCrashMs(exit.livedMs);
      log.warn(
        {
          worker: id,
          exitCode: exit.code,
          signal: exit.signal,
          reason: exit.failure?.message,
          restartInMs: waitMs,
        },
        'a worker died',
      );
      await delay(waitMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      place.restarts++;
      this.restartCounter.inc();
    }
  }

  /** Passes the stop on, and ends by force what does not obey in time. */
  private endWhenStopping(process: WorkerProcess, place: Place): AbortController {
    const ended = new AbortController();
    const { fleet } = this.options.config;
    const onStop = (): void => {
      place.state = 'stopping';
      process.terminate('SIGTERM');
      delay(fleet.shutdownTimeoutMs + KILL_MARGIN_MS, undefined, { signal: ended.signal }).then(
        () => {
          this.options.log.warn(
            { worker: place.id, pid: process.pid },
            'a worker did not stop in time and is ended by force',
          );
          process.terminate('SIGKILL');
        },
        () => undefined,
      );
    };
    this.stopping.signal.addEventListener('abort', onStop, { once: true, signal: ended.signal });
    return ended;
  }

  private async stopAt(ends: ReadonlyMap<number, number>): Promise<void> {
    const { config } = this.options;
    try {
      await untilCommitted(this.admin, config.group, config.input.topic, ends, this.stopping.signal);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.fatal ??= error as OutriderError;
    }
    this.stopping.abort();
  }
}

/**
 * An exit that starting again cannot mend: a bad configuration, model or schema, a topic or a right that is missing.
 * Brokers that a worker does not reach may come back: the supervisor itself had reached them before it started any.
 */
function fatalError({ code, failure }: WorkerExit): OutriderError | null {
  const message = failure?.message ?? `a worker exited with code ${code}`;
  if (code === EXIT.usage) return new ConfigurationError(message);
  if (code === EXIT.unusable) return new UnusableFileError(message);
  return failure?.permanent === true ? new MissingRemoteError(message) : null;
}

function ownGauge(read: () => number): (this: Gauge) => void {
  return function (this: Gauge) {
    this.set(read());
  };
}
