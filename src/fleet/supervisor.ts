import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { Config } from '../config/config.js';
import type { OutriderError, StallReason } from '../errors.js';
import type { FleetView } from '../http/fleet-server.js';
import { KafkaAdmin } from '../kafka/admin.js';
import type { Clock } from '../model.js';
import { anomalyFrame } from '../pipeline/setup.js';
import { endOffsets, untilCommitted } from './end-offsets.js';
import { type FleetStatus, RateMeter, type WorkerView, fleetStatus, unreadyReason } from './fleet-status.js';
import { NO_TOTALS, REPORT_INTERVAL_MS, type Totals, addTotals } from './messages.js';
import { RestartPolicy } from './restart-policy.js';
import { secondsText } from './seconds-text.js';
import { SilenceRule } from './silence.js';
import { endOf, fatalError, lastEndText } from './worker-exit.js';
import { WORKER_PROGRAM, WorkerProcess } from './worker-process.js';

export interface SupervisorOptions {
  readonly config: Config;
  /** How many; null for one per partition, at most fleet.max. */
  readonly workers: number | null;
  /** The file that is forked for each worker; the package's own unless a test puts another in its place. */
  readonly workerProgram?: string;
  /** What follows `outrider` on a child's command line: `worker`, and its flags. */
  readonly workerArguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where it stops: nowhere, at what is the end of the topic when it starts, or at an offset of each partition. */
  readonly stopAt: 'never' | 'end' | ReadonlyMap<number, number>;
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
  /** How and why its last process ended; it is told until the next one reports. */
  lastEnd: string | null;
  /** The member that its last process was, when that did not leave the group in order. */
  predecessor: string | null;
  /** Why its process is being ended by force, for its silence; null when it is not. */
  ended: string | null;
}

/** Children are given this long beyond shutdownTimeoutMs before they are ended by force. */
const KILL_MARGIN_MS = 2000;

/** Starts workers, replaces those that end, gathers what they report. It never touches an event. */
export class Supervisor implements FleetView {
  private readonly places: Place[] = [];
  private readonly stopping = new AbortController();
  private readonly admin: KafkaAdmin;
  private readonly rate = new RateMeter();
  private readonly registry = new Registry();
  private readonly restartCounter: Counter;
  private readonly stallCounter: Counter<'reason'>;
  private readonly silenceRule: SilenceRule;
  private finished: Totals = NO_TOTALS;
  private fatal: OutriderError | null = null;

  constructor(private readonly options: SupervisorOptions) {
    this.admin = new KafkaAdmin(options.config.kafka, options.log);
    this.restartCounter = new Counter({
      name: 'outrider_worker_restarts_total',
      help: 'Workers started again, whatever ended them',
      registers: [this.registry],
    });
    this.stallCounter = new Counter({
      name: 'outrider_worker_stalls_total',
      help: 'Workers that were started again because they stood still, by what they did not do',
      labelNames: ['reason'],
      registers: [this.registry],
    });
    for (const reason of STALL_REASONS) this.stallCounter.inc({ reason }, 0);
    this.silenceRule = new SilenceRule(options.config.fleet.stallTimeoutMs);
    new Gauge({
      name: 'outrider_workers',
      help: 'Worker processes that are alive',
      registers: [this.registry],
      collect: ownGauge(() => this.places.filter(({ process }) => process !== null).length),
    });
  }

  /** Runs the fleet until the signal aborts or the group has committed what it is to stop at. @throws OutriderError */
  async run(signal: AbortSignal): Promise<FleetResult> {
    const started = performance.now();
    const killAll = (): void => this.places.forEach(({ process }) => process?.terminate('SIGKILL'));
    process.once('exit', killAll);
    const stop = (): void => this.stopping.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const sampler = setInterval(() => {
      this.rate.sample(this.totals().events, performance.now());
      this.endTheSilent();
    }, REPORT_INTERVAL_MS);
    try {
      const { config } = this.options;
      const partitions = await this.admin.partitionCount(config.input.topic);
      // No worker starts without what stands before its records: a registry that is away is told from one that goes away.
      await anomalyFrame(config, this.stopping.signal).catch((error: unknown) => {
        if (!this.stopping.signal.aborted) throw error;
      });
      const { stopAt } = this.options;
      const ends = stopAt === 'end' ? await endOffsets(this.admin, config.input.topic) : stopAt;
      const count = this.options.workers ?? Math.min(partitions, config.fleet.max);
      const places = Array.from({ length: count }, (_, i) => this.keepPlace(i + 1));
      if (ends !== 'never') void this.stopAtOffsets(ends);
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
      eventsPerSecond: this.rate.perSecond,
      totals: this.totals(),
    });
  }

  unreadyReason(): string | null {
    return unreadyReason(this.views(), this.stopping.signal.aborted);
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
    return this.places.map(({ id, process, restarts, state, lastEnd, ended }) => ({
      id,
      pid: process?.pid ?? null,
      state: state === 'starting' && process?.report != null ? 'running' : state,
      restarts,
      report: process?.report ?? null,
      trouble: ended ?? (process?.report == null ? lastEnd : this.silenceRule.unready(process)),
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
      lastEnd: null,
      predecessor: null,
      ended: null,
    };
    this.places.push(place);
    while (!this.stopping.signal.aborted) {
      place.state = 'starting';
      const { workerProgram, workerArguments, environment } = this.options;
      const process = new WorkerProcess(
        workerProgram ?? WORKER_PROGRAM,
        workerArguments,
        environment,
        place.predecessor,
      );
      place.process = process;
      const forced = this.endWhenStopping(process, place);
      const exit = await process.exited;
      forced.abort();
      if (process.report !== null) this.finished = addTotals(this.finished, process.report.totals);
      place.process = null;
      place.predecessor = exit.code === 0 ? null : (process.report?.memberId ?? place.predecessor);
      if (this.stopping.signal.aborted) return;
      const fatal = fatalError(exit);
      if (fatal !== null) {
        this.fatal ??= fatal;
        this.stopping.abort();
        return;
      }
      const stall = place.ended === null ? (exit.failure?.stall ?? null) : 'not-reporting';
      const reason = place.ended ?? exit.failure?.message ?? null;
      if (stall !== null) this.stallCounter.inc({ reason: stall });
      place.state = 'restarting';
      const end = endOf(exit, stall);
      place.lastEnd = lastEndText(exit, end, reason);
      place.ended = null;
      const waitMs = place.policy.delayMs(end, exit.livedMs);
      log[waitMs === 0 ? 'info' : 'warn'](
        {
          worker: id,
          workerPid: process.pid,
          exitCode: exit.code,
          signal: exit.signal,
          reason: reason ?? undefined,
          stall: stall ?? undefined,
          restartInMs: waitMs,
        },
        `a worker ${end}`,
      );
      await delay(waitMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      place.restarts++;
      this.restartCounter.inc();
    }
  }

  /** A process whose event loop is blocked, or that is stopped, cannot handle SIGTERM. */
  private endTheSilent(): void {
    for (const place of this.places) {
      const { process, id, ended } = place;
      process?.silence.turned(performance.now());
      if (process === null || ended !== null || this.stopping.signal.aborted) continue;
      if (!this.silenceRule.isOver(process)) continue;
      place.ended = `process ${process.pid} has not reported for ${secondsText(process.silence.ms)}`;
      this.options.log.warn(
        { worker: id, pid: process.pid, silentMs: Math.round(process.silence.ms) },
        'a worker does not report and is ended by force',
      );
      process.terminate('SIGKILL');
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

  private async stopAtOffsets(ends: ReadonlyMap<number, number>): Promise<void> {
    const { config } = this.options;
    try {
      await untilCommitted(this.admin, config.group, config.input.topic, ends, this.stopping.signal, () =>
        this.places.flatMap(({ process }) => process?.report?.partitions ?? []),
      );
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.fatal ??= error as OutriderError;
    }
    this.stopping.abort();
  }
}

const STALL_REASONS: readonly StallReason[] = ['not-moving', 'not-joined', 'not-reporting'];

function ownGauge(read: () => number): (this: Gauge) => void {
  return function (this: Gauge) {
    this.set(read());
  };
}
