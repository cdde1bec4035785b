import { untilCommitted } from '../cluster/topics.js';
import type { Inflicted } from '../faults/storm.js';
import { NAMES, OUTPUTS } from '../fleet/configuration.js';
import { SEEN } from '../fleet/findings.js';
import type { ChaosOptions } from '../options.js';
import { PARTITIONS, type Scene } from '../scene.js';
import type { Workload } from '../workload/workload.js';
import type { Ledger } from '../workload/ledger.js';
import { countFaults, isNeverRecovered, slowestRecovery } from './fault-counts.js';
import { type ReadRecord, readAll } from './reading.js';
import { type Readings, reckon } from './reckon.js';
import { type Report, violations } from './report.js';

/** How long the fleet may take to finish what is there once the faults are over. */
const SETTLE_LIMIT_MS = 180_000;
/** Of what was sent, this share has to be acknowledged; of what was due, this share has to be sent. */
const ACKNOWLEDGED_SHARE_MIN = 0.9;
const SENT_SHARE_MIN = 0.5;

/** Calm: the workload ends, the fleet commits the rest and stops; then everything is read and held against the ledger. */
export async function conclude(
  scene: Scene,
  run: {
    readonly options: ChaosOptions;
    readonly inflicted: readonly Inflicted[];
    readonly minutes: number;
  },
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const { stage, ledger, recovery, watch, live } = scene;
  const { cluster, fleet, workload } = stage;
  await workload.finish();
  await cluster.untilComplete();
  const committed = recovery.committedOffsets();
  // A watch that has ended knows nothing new: then the brokers are asked.
  const seen = watch.fault === null ? () => committed : undefined;
  await untilCommitted(cluster.internalAddresses, SETTLE_LIMIT_MS, signal, seen);
  recovery.end();
  await fleet.stop();
  const transactions = watch.fault === null ? await watch.openTransactions() : [];
  say('reading input and output …');
  const readings = await readAllThere(scene, signal);
  const reckoning = reckon(ledger, NAMES, PARTITIONS, readings);
  const behind = partitionsBehind(committed, readings.input);
  const starved = starvation(ledger, workload);
  const instruments = [live.fault, watch.fault, ...workload.faults].filter((fault) => fault !== null);
  const byKind = await countFaults(run.options.faults, run.inflicted);
  const faults = {
    partitionsBehind: behind.length,
    transactionsOpen: transactions.length,
    processFaults: fleet.findings.faults.length,
    neverRecovered: (await Promise.all(run.inflicted.map(isNeverRecovered))).filter(Boolean).length,
    instrumentFaults: instruments.length,
    workloadStarved: starved.length,
  };
  const { findings } = fleet;
  return {
    seed: run.options.seed,
    control: run.options.control,
    minutes: run.minutes,
    sent: ledger.sentCount,
    heldBack: workload.heldBackCount,
    reckoning,
    faults,
    longestStallSeconds: watch.longestStallMs / 1000,
    slowestRecovery: await slowestRecovery(run.inflicted),
    rebalances: findings.countOf('joined the group'),
    restarts: findings.countOf('a worker died', 'a worker left', 'a worker stalled'),
    stalls: findings.countOf(SEEN.stall),
    endsByForce: findings.countOf(SEEN.forced),
    startsWithoutBroker: findings.countOf(SEEN.startWithoutBroker),
    byKind,
    examples: [
      ...findings.faults,
      ...instruments,
      ...starved,
      ...reckoning.examples,
      ...behind,
      ...transactions.map((text) => `open: ${text}`),
    ],
    passed: violations({ reckoning, faults }).length === 0,
  };
}

async function readAllThere({ jars, stage, live }: Scene, signal: AbortSignal): Promise<Readings> {
  const direct = stage.cluster.internalAddresses.join(',');
  const input = await readAll(jars, direct, [NAMES.input]);
  const output = await readAll(jars, direct, OUTPUTS);
  await live.untilGiven(output, signal);
  return { input, output, live: live.records };
}

/** Partitions whose committed offset is not the end of the input. */
function partitionsBehind(committed: ReadonlyMap<number, number>, input: readonly ReadRecord[]): string[] {
  const ends = new Map<number, number>();
  for (const { partition, offset } of input)
    ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1));
  return [...ends].flatMap(([partition, end]) => {
    const at = committed.get(partition) ?? 0;
    return at === end ? [] : [`partition ${partition}: committed ${at}, its end is ${end}`];
  });
}

/** A fleet that has nothing to do makes no mistakes. */
function starvation(ledger: Ledger, { heldBackCount }: Workload): string[] {
  const { sentCount, acknowledgedCount } = ledger;
  const found: string[] = [];
  if (acknowledgedCount < sentCount * ACKNOWLEDGED_SHARE_MIN)
    found.push(
      `workload starved: ${acknowledgedCount} of ${sentCount} events that were sent are acknowledged`,
    );
  if (sentCount < (sentCount + heldBackCount) * SENT_SHARE_MIN)
    found.push(`workload starved: ${heldBackCount} events were held back, ${sentCount} sent`);
  return found;
}
