/**
 * Loaded before the modules of a command and of its workers (`--import`): each says on stderr when it first reaches
 * what a replay has to reach before its first event is scored.
 */
import { writeSync } from 'node:fs';
import { Supervisor } from '../../src/fleet/supervisor.js';
import { Worker } from '../../src/fleet/worker.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { FencedOffsets } from '../../src/kafka/fenced-offsets.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { WorkerMetrics } from '../../src/observe/worker-metrics.js';
import { PartitionTasks } from '../../src/pipeline/partition-tasks.js';
import { Scorer } from '../../src/pipeline/scorer.js';
import { markLine } from './start-marks.js';

const who = process.env.OUTRIDER_SUPERVISED === '1' ? 'worker' : 'command';
const reached = new Set<string>();

function mark(name: string): void {
  if (reached.has(name)) return;
  reached.add(name);
  const { user, system } = process.cpuUsage();
  const atMs = performance.timeOrigin + performance.now();
  writeSync(2, markLine({ name: `${who}: ${name}`, atMs, cpuMs: (user + system) / 1000 }));
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Says when a method is first called, and when what it gives is there. */
function watch(
  of: { readonly prototype: object },
  method: string,
  before: string | null,
  after?: string,
): void {
  const methods = of.prototype as Record<string, Method>;
  const own = methods[method] as Method;
  methods[method] = function (...args) {
    if (before !== null) mark(before);
    const given = own.apply(this, args);
    if (after !== undefined)
      void Promise.resolve(given).then(
        () => mark(after),
        () => undefined,
      );
    return given;
  };
}

mark('its modules are loaded');
watch(KafkaAdmin, 'connect', 'connects', 'is connected');
watch(FencedOffsets, 'takeOver', 'takes the plan over', 'has taken the plan over');
watch(KafkaAdmin, 'createTopics', 'makes topics', 'has made topics');
watch(FencedOffsets, 'commit', 'commits the plan', 'has committed the plan');
watch(Supervisor, 'run', 'starts workers');
watch(Worker, 'start', 'has its model');
watch(PartitionTasks, 'assigned', 'has joined');
watch(TransactionalSink, 'fence', null, 'has fenced a partition');
watch(Scorer, 'score', 'has its first batch', 'has scored it');
watch(WorkerMetrics, 'committed', 'has committed');
