import type { Logger } from 'pino';
import { removeAtEnd } from '../../chaos/children.js';
import { messageOf } from '../../src/errors.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { startGuardedBroker } from '../../src/local-broker/guarded-broker.js';
import { prepareBench } from '../bench-topic.js';
import type { Cores } from './cores.js';
import { GroupWatch } from './group-watch.js';
import { type PeerSample, measure } from './measure.js';
import type { Command, Peer, Task } from './peer.js';
import type { PeerResult } from './report.js';

export interface Comparison {
  readonly peers: readonly Peer[];
  readonly events: number;
  readonly runs: number;
  /** Null where nobody is pinned. */
  readonly cores: Cores | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (text: string) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface Entry {
  readonly peer: Peer;
  readonly samples: PeerSample[];
  command: ((task: Task) => Command) | null;
  fault: string | null;
}

/** Sets everything up, and measures peer after peer within each run, so that a change of the machine's speed meets all. */
export async function compare(comparison: Comparison): Promise<PeerResult[]> {
  const { peers, events, runs, cores, environment, say, log, signal } = comparison;
  const cache = cacheFolder(environment);
  const named = environment.KAFKA_BROKERS ?? '';
  await using broker = named === '' ? await startGuardedBroker(cache, log, say) : null;
  const brokers = broker?.brokers ?? named.split(',');
  say(`${events} events on 4 partitions …`);
  await using bench = await prepareBench(brokers, events, new Set(), log);
  removeAtEnd(bench.folder);
  await using watch = new GroupWatch(brokers, log);
  await watch.connect();
  const entries = peers.map((peer): Entry => ({ peer, samples: [], command: null, fault: null }));
  for (const entry of entries)
    await attempt(entry, signal, say, async () => {
      entry.command = await entry.peer.setUp({ cache, folder: bench.folder, say, signal });
    });
  for (let run = 0; run < runs; run++) {
    // Nobody is always the first, or always after the same one.
    for (const entry of rotated(entries, run))
      await attempt(entry, signal, say, async () => {
        if (entry.command === null) return;
        const core = cores?.peer ?? null;
        const sample = await measure(entry.peer, entry.command, { bench, watch, core, log, signal });
        entry.samples.push(sample);
        say(`  run ${run + 1}: ${entry.peer.name} ${Math.round(sample.eventsPerSecond)} events/s`);
      });
  }
  return entries.map(({ peer: { name, label, about }, samples, fault }) => ({
    name,
    label,
    about,
    samples,
    fault,
  }));
}

/** One that fails is left out from then on, with the reason; the others go on. @throws when the signal aborts */
async function attempt(
  entry: Entry,
  signal: AbortSignal,
  say: (text: string) => void,
  act: () => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  if (entry.fault !== null) return;
  try {
    await act();
  } catch (error) {
    signal.throwIfAborted();
    entry.fault = messageOf(error);
    say(`  ${entry.peer.name}: ${entry.fault}`);
  }
}

export function rotated<T>(items: readonly T[], by: number): T[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
