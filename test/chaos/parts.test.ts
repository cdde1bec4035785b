/** Smaller parts of the chaos suite: the deck, the seed, recovery, memory, and how ends of processes are judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawnChild } from '../../chaos/children.js';
import { freePorts } from '../../chaos/cluster/ports.js';
import { Deck } from '../../chaos/faults/deck.js';
import type { Fault, Resource } from '../../chaos/faults/fault.js';
import { randomFor } from '../../chaos/faults/seed.js';
import { Findings, SEEN } from '../../chaos/fleet/findings.js';
import { FleetProcess } from '../../chaos/fleet/fleet-process.js';
import { MemoryWatch } from '../../chaos/soak/memory.js';
import { countFaults, isNeverRecovered } from '../../chaos/verdict/fault-counts.js';
import { Recovery } from '../../chaos/verdict/recovery.js';
import { StableOffsets } from '../../chaos/verdict/stable-offsets.js';
import { Ledger } from '../../chaos/workload/ledger.js';

const NONE: ReadonlySet<Resource> = new Set();

function fault(name: string, ...takes: readonly Resource[]): Fault {
  return { name, group: 'input', takes, inflict: () => Promise.resolve(null) };
}

const FAULTS = [fault('a', 'brokers'), fault('b', 'lines'), fault('c'), fault('d', 'brokers'), fault('e')];

function dealt(deck: Deck, count: number): string[] {
  return Array.from({ length: count }, () => deck.deal(NONE)?.name ?? '-');
}

test('the deck deals every kind once before any comes again, in an order that is the seed’s', () => {
  const first = dealt(new Deck(FAULTS, randomFor(1, 'deck')), 10);
  assert.deepEqual([...first.slice(0, 5)].sort(), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual([...first.slice(5)].sort(), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(dealt(new Deck(FAULTS, randomFor(1, 'deck')), 10), first);
  assert.notDeepEqual(dealt(new Deck(FAULTS, randomFor(2, 'deck')), 10), first);
});

test('what needs something that is in use stays on top; a void one comes after the others', () => {
  const order = dealt(new Deck(FAULTS, randomFor(3, 'deck')), 5);
  const deck = new Deck(FAULTS, randomFor(3, 'deck'));
  const inUse = new Set<Resource>(['brokers']);
  const free = [deck.deal(inUse), deck.deal(inUse), deck.deal(inUse)].map((one) => one?.name);
  assert.deepEqual(
    free,
    order.filter((name) => name !== 'a' && name !== 'd'),
  );
  assert.equal(deck.deal(inUse), null);
  deck.putBack(FAULTS[1] as Fault);
  const rest = dealt(deck, 3);
  assert.deepEqual(rest, [...order.filter((name) => name === 'a' || name === 'd'), 'b']);
});

test('one that is void again and again does not keep the others from their next round', () => {
  const deck = new Deck(FAULTS, randomFor(3, 'deck'));
  const names: string[] = [];
  for (let i = 0; i < 12; i++) {
    const card = deck.deal(NONE) as Fault;
    names.push(card.name);
    if (card.name === 'c') deck.putBack(card);
  }
  assert.equal(names.filter((name) => name === 'c').length, 4);
  assert.equal(names.filter((name) => name === 'a').length, 2);
});

test('each purpose has a generator of its own', () => {
  const draw = (...purpose: (string | number)[]): number => randomFor(5, ...purpose)();
  assert.equal(draw('broker killed', 1), draw('broker killed', 1));
  const drawn = [draw('gaps'), draw('deck'), draw('broker killed', 1), draw('broker killed', 2)];
  assert.equal(new Set(drawn).size, drawn.length);
});

test('recovery lasts until everything is committed that was in the input when it began', async () => {
  const ledger = new Ledger();
  const recovery = new Recovery(ledger);
  ledger.acknowledged(0, 0, 9);
  ledger.acknowledged(1, 1, 4);
  let isOver = false;
  const waiting = recovery.caughtUp().then((ms) => {
    isOver = true;
    return ms;
  });
  ledger.acknowledged(2, 0, 50);
  recovery.moved(0, 10);
  await Promise.resolve();
  assert.equal(isOver, false);
  recovery.moved(1, 5);
  assert.ok(((await waiting) ?? -1) >= 0);
  const never = recovery.costOf(Promise.resolve());
  recovery.end();
  assert.equal(await never, null);
});

test('what never recovered, or not within the limit, is said; what was void is not', async () => {
  const cost = (recoveryMs: number) => Promise.resolve({ recoveryMs, pauseMs: 0 });
  assert.equal(await isNeverRecovered({ what: 'x', cost: Promise.resolve(null) }), true);
  assert.equal(await isNeverRecovered({ what: 'x', cost: cost(300_001) }), true);
  assert.equal(await isNeverRecovered({ what: 'x', cost: cost(299_000) }), false);
  assert.equal(await isNeverRecovered({ what: null, cost: Promise.resolve(null) }), false);
});

test('a kind that was chosen and never came is counted with 0', async () => {
  const done = { name: 'a', group: 'input', atMs: 0, what: 'x', cost: Promise.resolve(null) } as const;
  const counts = await countFaults(FAULTS.slice(0, 2), [done]);
  assert.deepEqual(
    counts.map(({ name, inflicted }) => [name, inflicted]),
    [
      ['a', 1],
      ['b', 0],
    ],
  );
});

test('a last stable offset that stands still counts while it does, and afterwards', () => {
  let now = 0;
  const offsets = new StableOffsets(() => now);
  offsets.moved('a', 10, 10);
  now = 1000;
  offsets.moved('a', 10, 15);
  now = 4000;
  assert.equal(offsets.longestStallMs, 3000);
  offsets.moved('a', 10, 20);
  now = 6000;
  offsets.moved('a', 15, 20);
  now = 7000;
  offsets.moved('a', 20, 20);
  now = 60_000;
  assert.equal(offsets.longestStallMs, 5000);
});

test('memory that grows is said in megabytes a minute, after the warm-up', () => {
  let bytes = 0;
  const memory = new MemoryWatch(() => bytes);
  for (let second = 0; second <= 120; second++) {
    // Quick growth at first, then 3 MiB a minute.
    bytes = second < 15 ? second * 10 * 2 ** 20 : 150 * 2 ** 20 + (second / 60) * 3 * 2 ** 20;
    memory.sample('worker', 1, second);
  }
  const [line] = memory.lines();
  assert.ok(Math.abs((line?.megabytesPerMinute ?? NaN) - 3) < 0.01);
  assert.equal(line?.seconds, 120);
  const level = new MemoryWatch(() => 5 * 2 ** 20);
  for (let second = 0; second <= 60; second++) level.sample('worker', 1, second);
  assert.equal(level.lines()[0]?.megabytesPerMinute, 0);
});

test('free ports lie below those of outgoing connections, and differ', async () => {
  const ports = await freePorts(12);
  assert.equal(new Set(ports).size, 12);
  assert.ok(ports.every((port) => port >= 15_000 && port < 31_000));
});

const JOINED = `{"level":30,"msg":"joined the group"}`;
const READY = `{"level":30,"msg":"ready"}`;
const UNREACHED = 'outrider: reading topics: Closed connection';

/** What is found of a process that says this on stderr and then ends like that. */
async function findingsOf(
  name: 'supervisor' | 'worker',
  lines: readonly string[],
  end: string,
  whenReady?: (process: FleetProcess) => void,
): Promise<Findings> {
  const findings = new Findings();
  const script = `for line in "$@"; do printf '%s\\n' "$line" >&2; done; ${end}`;
  const child = spawnChild('sh', ['-c', script, 'sh', ...lines], { stdio: ['ignore', 'ignore', 'pipe'] });
  const process = new FleetProcess(name, child, findings, (line) => {
    if (line === READY) whenReady?.(process);
  });
  await process.judged;
  return findings;
}

test('an end that the suite did not cause is a fault', async () => {
  for (const end of ['exit 0', 'exit 1', 'exit 70', 'kill -TERM $$', 'kill -KILL $$']) {
    const { faults } = await findingsOf('worker', [JOINED], end);
    assert.equal(faults.length, 1, end);
    assert.match(faults[0] ?? '', /by itself/);
  }
});

test('an end that the suite caused is none, but for the wrong code', async () => {
  const ready = `printf '%s\\n' '${READY}' >&2; sleep 10 & wait`;
  const after = (name: 'SIGKILL' | 'SIGTERM', end: string): Promise<Findings> =>
    findingsOf('worker', [JOINED], end, (one) => one.send(name));
  assert.deepEqual((await after('SIGKILL', ready)).faults, []);
  assert.deepEqual((await after('SIGTERM', `trap 'exit 0' TERM; ${ready}`)).faults, []);
  const wrong = await after('SIGTERM', `trap 'exit 70' TERM; ${ready}`);
  assert.match(wrong.faults[0] ?? '', /code 70 \(asked to stop\)/);
  const unheard = await after('SIGTERM', ready);
  assert.match(unheard.faults[0] ?? '', /SIGTERM \(asked to stop\)/);
});

test('a start that reaches no broker is counted, and a fault once the process had joined', async () => {
  const start = await findingsOf('supervisor', [UNREACHED], 'exit 3');
  assert.deepEqual(start.faults, []);
  assert.equal(start.countOf(SEEN.startWithoutBroker), 1);
  const later = await findingsOf('supervisor', [JOINED, UNREACHED], 'exit 3');
  assert.equal(later.faults.length, 1);
  const missing = await findingsOf('worker', ['outrider: topic events: there is no such topic'], 'exit 3');
  assert.equal(missing.faults.length, 1);
});

test('an exception on stderr is a fault, once for its lines', async () => {
  const trace = [
    'node:events:497',
    '      throw er;',
    'TypeError: x is not a function',
    '    at y (z.js:1:1)',
  ];
  const { faults } = await findingsOf('supervisor', [...trace, UNREACHED], 'exit 3');
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /exception: node:events/);
});

function ended(fields: Readonly<Record<string, unknown>>, msg = 'a worker died'): string {
  return JSON.stringify({ level: 40, exitCode: null, signal: null, ...fields, msg });
}

test('what a supervisor says of its workers’ ends is judged', async () => {
  const faultsOf = async (...lines: readonly string[]): Promise<readonly string[]> =>
    (await findingsOf('supervisor', [...lines, UNREACHED], 'exit 3')).faults;
  assert.equal((await faultsOf(ended({ exitCode: 70, reason: 'x is not a function' }))).length, 1);
  assert.equal((await faultsOf(ended({ exitCode: 1 }))).length, 1);
  assert.equal((await faultsOf(ended({ signal: 'SIGSEGV' }))).length, 1);
  assert.equal((await faultsOf(ended({ signal: 'SIGKILL' }))).length, 1);
  assert.equal((await faultsOf(ended({ exitCode: 0 }, 'a worker left'))).length, 1);
  assert.deepEqual(await faultsOf(ended({ exitCode: 3, reason: 'Closed connection' })), []);
  const stalled = ended({ exitCode: 70, stall: 'not-moving' }, 'a worker stalled');
  const findings = await findingsOf('supervisor', [stalled, UNREACHED], 'exit 3');
  assert.deepEqual(findings.faults, []);
  assert.equal(findings.countOf(SEEN.stall), 1);
});

test('one signal of the suite’s explains one end of a worker', async () => {
  const kill = ended({ signal: 'SIGKILL' });
  const findings = new Findings();
  const script = `read -r _; printf '%s\\n' "$@" >&2; exit 3`;
  const child = spawnChild('sh', ['-c', script, 'sh', kill, kill, UNREACHED], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const process = new FleetProcess('supervisor', child, findings, () => undefined);
  // A pid that is nobody's: above the kernel's highest.
  process.send('SIGKILL', 2 ** 22 + 1);
  child.stdin?.end('\n');
  await process.judged;
  assert.equal(findings.faults.length, 1);
  assert.match(findings.faults[0] ?? '', /SIGKILL, which nobody asked for/);
});

test('an end by force is counted, and explains the end that follows', async () => {
  const force = JSON.stringify({ level: 40, pid: 7, msg: 'a worker does not report and is ended by force' });
  const end = ended({ signal: 'SIGKILL', stall: 'not-reporting' }, 'a worker stalled');
  const findings = await findingsOf('supervisor', [force, end, UNREACHED], 'exit 3');
  assert.deepEqual(findings.faults, []);
  assert.equal(findings.countOf(SEEN.forced), 1);
  assert.equal(findings.countOf(SEEN.stall), 1);
});
