import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cost, Recovery } from '../verdict/recovery.js';
import { lasting, latch } from '../waiting.js';
import { Deck } from './deck.js';
import { randomFor } from './seed.js';
import { type Fault, type Resource, type Stage, between } from './fault.js';

/** Between the starts of two faults. Most last longer than that, so that they overlap. */
const GAP_MS: readonly [number, number] = [400, 3500];
const BLOCKED_MS = 250;
const APART_LIMIT_MS = 60_000;
/** A run that is broken off ends everything anyway: what cannot be undone in this time is not waited for. */
const UNDO_LIMIT_MS = 10_000;

export interface Inflicted {
  readonly name: string;
  readonly group: Fault['group'];
  /** When it struck, in ms since the storm began. */
  readonly atMs: number;
  /** What was done; null when there was nothing to do it to. */
  readonly what: string | null;
  /** Null when the fleet never caught up, or nothing was done. */
  readonly cost: Promise<Cost | null>;
}

/**
 * Faults one after the other and over one another, until the time is up; returns when all are undone.
 * The seed fixes the order of the deck, the n-th gap, and what the n-th fault of a kind draws for itself: durations,
 * sizes, which broker. Not fixed: which kind comes next where that of the deck has to wait for what another has in use,
 * which worker and which request are hit, and what the cluster and the fleet are at just then.
 */
export async function storm(
  stage: Stage,
  faults: readonly Fault[],
  options: {
    readonly seed: number;
    readonly recovery: Recovery;
    readonly durationMs: number;
    /** Of faults that struck. */
    readonly countMax: number;
    /** Each fault only after the one before has been recovered from: shows what each costs by itself. */
    readonly apart: boolean;
    readonly onFault: (inflicted: Inflicted) => void;
    readonly signal: AbortSignal;
  },
): Promise<readonly Inflicted[]> {
  const { seed, recovery, durationMs, countMax, apart, onFault, signal } = options;
  const gaps = randomFor(seed, 'gaps');
  const deck = new Deck(faults, randomFor(seed, 'deck'));
  const timesDealt = new Map<Fault, number>();
  const inUse = new Set<Resource>();
  const under = new Set<Promise<void>>();
  const done: Inflicted[] = [];
  const failures: unknown[] = [];
  const started = performance.now();
  const struck = (): number => done.filter(({ what }) => what !== null).length;
  while (
    performance.now() - started < durationMs &&
    struck() < countMax &&
    !signal.aborted &&
    failures.length === 0
  ) {
    // What is under way may turn out to have nothing to strike.
    const fault = struck() + under.size < countMax ? deck.deal(inUse) : null;
    if (fault === null) {
      await lasting(BLOCKED_MS, signal);
      continue;
    }
    for (const resource of fault.takes) inUse.add(resource);
    const running = inflictOne(fault)
      .catch((error: unknown) => {
        if (!signal.aborted) failures.push(error);
      })
      .then(() => {
        for (const resource of fault.takes) inUse.delete(resource);
        under.delete(running);
      });
    under.add(running);
    if (apart) {
      await running;
      await Promise.race([done.at(-1)?.cost, lasting(APART_LIMIT_MS, signal)]);
    }
    await lasting(between(...GAP_MS, gaps), signal);
  }
  // Whatever is under way comes to its own end: a suspended broker is woken, a killed one started again.
  await Promise.race([Promise.all(under), whenAborted(signal, UNDO_LIMIT_MS)]);
  if (failures.length > 0) throw failures[0];
  return done;

  async function inflictOne(fault: Fault): Promise<void> {
    const times = (timesDealt.get(fault) ?? 0) + 1;
    timesDealt.set(fault, times);
    let atMs = performance.now() - started;
    let cost: Promise<Cost | null> = Promise.resolve(null);
    const undone = latch();
    const what = await fault.inflict(stage, {
      random: randomFor(seed, fault.name, times),
      signal,
      strikes: () => {
        atMs = performance.now() - started;
        cost = recovery.costOf(undone.promise);
      },
    });
    undone.open();
    if (what === null) deck.putBack(fault);
    const inflicted = { name: fault.name, group: fault.group, atMs, what, cost };
    done.push(inflicted);
    onFault(inflicted);
  }
}

/** Resolves so long after the signal aborted, and never if it does not. */
async function whenAborted(signal: AbortSignal, ms: number): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  await delay(ms);
}
