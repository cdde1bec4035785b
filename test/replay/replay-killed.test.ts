/**
 * Beside a fleet that runs, a replay of the past is killed at random points and resumed five times: its output is that of
 * one that nobody disturbed, and the fleet does not notice.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../src/detect/random.js';
import { Outrider } from '../support/outrider.js';
import {
  type LiveRun,
  type ReplayedResult,
  childrenOf,
  outputOf,
  replay,
  resultOf,
} from '../support/replay-scenario.js';
import { Scenario, fingerprintOf } from '../support/scenario.js';
import { until } from '../support/until.js';

const HISTORY = 20_000;
const LATER = 400;
const PARTITIONS = 4;
const LIMIT_MS = 90_000;

let scenario: Scenario;
let run: LiveRun;
let fleet: Outrider;
let url: string;
let produced = HISTORY;

before(async () => {
  scenario = await Scenario.create(PARTITIONS);
  await scenario.train();
  await scenario.produce(0, HISTORY);
  run = await scenario.configure('live', {
    http: { port: 0 },
    // For the replay: small transactions, so that a kill has many places to hit; what is dead is soon known to be.
    commit: { intervalMs: 5, maxRecords: 60 },
    kafka: { brokers: scenario.brokers, sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 },
  });
  fleet = new Outrider(['run', '--config', run.file, '--workers', '1']);
  url = await until('the fleet serves', LIMIT_MS, () => /"url":"([^"]+)"/.exec(fleet.stderr)?.[1] ?? null);
  await until('the fleet has done what there was', LIMIT_MS, () => scenario.isCommitted(run.group));
});
after(async () => {
  await fleet[Symbol.asyncDispose]();
  await scenario[Symbol.asyncDispose]();
});

/** What the fleet shows of itself: how often it joined, failed and was restarted, and what it has counted. */
interface Sight {
  readonly events: number;
  readonly failed: number;
  readonly rebalances: number;
  readonly restarts: number;
  readonly offsets: number;
}

/** @param events that it has to have counted */
async function sight(events: number): Promise<Sight> {
  return until(`the fleet counts ${events} events`, LIMIT_MS, async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const sum = (series: RegExp): number =>
      [...text.matchAll(series)].reduce((total, [, count]) => total + Number(count), 0);
    const committed = await scenario.admin.committed(run.group, scenario.name);
    for (const own of committed.values()) assert.equal(own?.metadata, `outrider partitions=${PARTITIONS}`);
    assert.doesNotMatch(text, /replay/);
    const seen: Sight = {
      events: sum(/^outrider_events_total\{[^}]*\} (\d+)$/gm),
      failed: sum(/^outrider_commits_total\{result="failed"\} (\d+)$/gm),
      rebalances: sum(/^outrider_rebalances_total (\d+)$/gm),
      restarts: sum(/^outrider_worker_restarts_total (\d+)$/gm),
      offsets: [...committed.values()].reduce((total, own) => total + (own?.offset ?? 0), 0),
    };
    return seen.events >= events ? seen : null;
  });
}

/** The fleet gets more to do, does exactly that, and nothing else has happened to it. */
async function fleetGoesOn(): Promise<void> {
  await scenario.produce(produced, produced + LATER);
  produced += LATER;
  assert.deepEqual(await sight(produced), {
    events: produced,
    failed: 0,
    rebalances: 1,
    restarts: 0,
    offsets: produced,
  });
}

const RANGE = [
  '--offsets',
  [0, 1, 2, 3].map((partition) => `${partition}:200-${HISTORY / PARTITIONS - 100}`).join(','),
];
const FLAGS = (id: string): string[] => ['--id', id, ...RANGE, '--workers', '2', '--max-rate', '6000'];

async function doneOf(id: string): Promise<number> {
  const committed = await scenario.admin.committed(`${run.group}.replay.${id}`, scenario.name);
  return [...committed.values()].reduce((sum, own) => sum + (own === null ? 0 : own.offset - 200), 0);
}

/** Ends some of a replay's processes. */
const KILLS: Readonly<Record<string, (process: Outrider, random: () => number) => void>> = {
  supervisor: (process) => process.kill('SIGKILL'),
  everything: (process) => {
    const workers = childrenOf(process.pid);
    process.kill('SIGKILL');
    for (const pid of workers) globalThis.process.kill(pid, 'SIGKILL');
  },
  'a worker, then the others': (process, random) => {
    const workers = childrenOf(process.pid);
    const first = workers[Math.floor(random() * workers.length)];
    if (first !== undefined) globalThis.process.kill(first, 'SIGKILL');
    process.kill('SIGKILL');
  },
};

test('killed five times at random points and resumed, it writes what one writes that nobody disturbed', async () => {
  const random = seededRandom(Date.now() % 4_294_967_296);
  await fleetGoesOn();
  await using undisturbed = replay(run, ...FLAGS('oracle').slice(0, -2));
  const oracle = resultOf(await undisturbed.finished);
  await fleetGoesOn();

  const all = oracle.read;
  const targets = Array.from({ length: 5 }, () => Math.floor(random() * all * 0.9)).sort((a, b) => a - b);
  const kinds = Object.keys(KILLS);
  let last: ReplayedResult | null = null;
  for (const [i, target] of [...targets, null].entries()) {
    await using process = replay(run, ...FLAGS('killed'));
    if (target === null) {
      last = resultOf(await process.finished);
      break;
    }
    await until(`${target} of ${all} are done`, LIMIT_MS, async () => {
      assert.equal(process.process.exitCode, null, process.stderr);
      return childrenOf(process.pid).length > 0 && (await doneOf('killed')) >= target;
    });
    KILLS[kinds[i % kinds.length] ?? '']?.(process, random);
    await process.finished;
    await fleetGoesOn();
  }
  assert.ok(last !== null);
  const { id: _id, output: _output, deadLetterTopic: _letters, ...counts } = last;
  const { id: _oracleId, output: _oracleOutput, deadLetterTopic: _oracleLetters, ...oracleCounts } = oracle;
  assert.deepEqual(steady(counts), steady(oracleCounts), `targets ${targets.join(', ')}`);
  const found = fingerprintOf(await outputOf(scenario, last));
  assert.equal(new Set(found).size, found.length, 'nothing is there twice');
  assert.deepEqual(found, fingerprintOf(await outputOf(scenario, oracle)), `targets ${targets.join(', ')}`);
  assert.ok(found.length > HISTORY / 50);
  await fleetGoesOn();
});

/** Counts, which are those of all the runs of an id. */
function steady({
  read,
  scored,
  anomalies,
  deadLetters,
  complete,
}: Omit<ReplayedResult, 'id' | 'output' | 'deadLetterTopic'>) {
  return { read, scored, anomalies, deadLetters, complete };
}

test('what the fleet wrote is what it writes alone', async () => {
  const alone = await scenario.configure('alone');
  await using other = new Outrider(['run', '--config', alone.file, '--workers', '1', '--stop-at-end']);
  const { code, stderr } = await other.finished;
  assert.equal(code, 0, stderr);
  assert.deepEqual(fingerprintOf(await scenario.read(run)), fingerprintOf(await scenario.read(alone)));
});
