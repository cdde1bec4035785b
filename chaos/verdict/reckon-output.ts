import type { Names } from '../fleet/configuration.js';
import type { Event } from '../workload/events.js';
import type { ReadRecord } from './reading.js';
import type { Note, ReckonedFaults } from './reckon.js';
import { placeText, verdictOf } from './verdict.js';

export interface Left {
  readonly found: number;
  readonly faults: Pick<
    ReckonedFaults,
    'missing' | 'duplicates' | 'unexpected' | 'orderInversions' | 'entityInversions'
  >;
}

/** @param wanted the events that cause output, by their place in the input */
export function reckonOutput(
  wanted: ReadonlyMap<string, Event>,
  names: Names,
  partitions: number,
  output: readonly ReadRecord[],
  note: Note,
): Left {
  const timesFound = new Map<string, number>();
  const order = new Order();
  let [found, duplicates, unexpected] = [0, 0, 0];
  for (const record of [...output].sort(byPosition)) {
    const verdict = verdictOf(record, names);
    if (typeof verdict === 'string') {
      unexpected++;
      note(`${placeText(record)}: ${verdict}`);
      continue;
    }
    const source = placeText(verdict.source);
    const where = `${placeText(record)}: ${verdict.kind} of ${source}`;
    const event = wanted.get(source);
    const fault =
      event === undefined
        ? 'no verdict is due'
        : (misplaced(record, verdict.source.partition % partitions) ??
          (verdict.kind === event.kind ? null : `the event is ${event.kind}`) ??
          verdict.fault ??
          verdict.faultFor(event));
    if (event === undefined || fault !== null) {
      unexpected++;
      note(`${where}: ${fault ?? ''}`);
      // It is there, however wrong: no other count has to say so again.
      if (event !== undefined) timesFound.set(source, timesFound.get(source) ?? 1);
      continue;
    }
    found++;
    const times = (timesFound.get(source) ?? 0) + 1;
    timesFound.set(source, times);
    if (times > 1) {
      // Ids are hashes of the source: a source that is there once has an id of its own.
      duplicates++;
      note(`${where}: for the ${times}. time`);
    } else {
      const after = order.place(record, verdict.source.offset, event.entity);
      if (after !== null) note(`${where}: after ${after}`);
    }
  }
  const missing = [...wanted].filter(([source]) => !timesFound.has(source));
  for (const [source, { kind, id }] of missing)
    note(`${source}: event ${id} is ${kind}, and there is no word of it`);
  return {
    found,
    faults: {
      missing: missing.length,
      duplicates,
      unexpected,
      orderInversions: order.inversions,
      entityInversions: order.entityInversions,
    },
  };
}

function misplaced({ partition }: ReadRecord, due: number): string | null {
  return partition === due ? null : `output partition: ${partition} instead of ${due}`;
}

/**
 * Within an output partition the offsets of the sources rise: it takes one partition of the input where both topics
 * have as many.
 */
class Order {
  inversions = 0;
  entityInversions = 0;
  private readonly last = new Map<string, number>();

  /** @returns the later event that stands before it, in words; else null */
  place({ topic, partition }: ReadRecord, offset: number, entity: string): string | null {
    const line = `${topic}/${partition}`;
    const before = this.rise(line, offset);
    const beforeOfEntity = this.rise(`${line}/${entity}`, offset);
    if (beforeOfEntity !== null) this.entityInversions++;
    if (before === null) return null;
    this.inversions++;
    return `offset ${before}${beforeOfEntity === null ? '' : `, also of ${entity}`}`;
  }

  /** @returns the highest offset so far when it is above this one */
  private rise(line: string, offset: number): number | null {
    const highest = this.last.get(line) ?? -1;
    this.last.set(line, Math.max(highest, offset));
    return highest > offset ? highest : null;
  }
}

function byPosition(a: ReadRecord, b: ReadRecord): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset;
}
