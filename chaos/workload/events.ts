import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro, { type Schema } from 'avsc';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { packageRoot } from '../../src/package-root.js';

/** Values above this are anomalous: the whole detector. */
export const THRESHOLD = 0.7;
export const EVENT_SCHEMA_FILE = join(packageRoot(), 'chaos', 'workload', 'event.avsc');
const ENTITIES = 36;

/** What an event should come to. */
export type Kind = 'normal' | 'anomalous' | 'undecodable';

/** Why an event cannot be decoded, as its dead letter has to say. */
export type Reason = 'undecodable' | 'unknown-schema';

export interface Event {
  readonly id: number;
  readonly entity: string;
  readonly partition: number;
  readonly kind: Kind;
  /** What the detector looks at. */
  readonly value: number;
  /** Null for an event that can be decoded. */
  readonly reason: Reason | null;
  readonly bytes: Buffer;
}

const schema = JSON.parse(readFileSync(EVENT_SCHEMA_FILE, 'utf8')) as Schema;
const type = avro.Type.forSchema(schema);

/** Makes events from a seeded source; entities keep to their partition. */
export class EventSource {
  private next = 0;
  private readonly header = singleObjectHeader(type);

  constructor(
    private readonly partitions: number,
    private readonly random: () => number,
    private readonly threshold = THRESHOLD,
  ) {}

  /** @param undecodable the share of events that cannot be decoded */
  event(undecodable: number): Event {
    const id = this.next++;
    const number = Math.floor(this.random() * ENTITIES);
    const value = this.random();
    const entity = `entity-${number}`;
    const whole = Buffer.concat([this.header, type.toBuffer({ id, entity, value })]);
    const base = { id, entity, value, partition: number % this.partitions };
    if (this.random() < undecodable) return { ...base, kind: 'undecodable', ...this.spoil(whole, id) };
    return { ...base, kind: value > this.threshold ? 'anomalous' : 'normal', reason: null, bytes: whole };
  }

  /** Cut short, of a schema that nobody knows, or no Avro at all; unlike every other event in any case. */
  private spoil(whole: Buffer, id: number): Pick<Event, 'reason' | 'bytes'> {
    const way = Math.floor(this.random() * 3);
    if (way === 0) return { reason: 'undecodable', bytes: whole.subarray(0, whole.length - 3) };
    if (way === 2) return { reason: 'undecodable', bytes: Buffer.from(`no Avro, number ${id}`) };
    const foreign = [whole.subarray(0, 2), Buffer.alloc(8, 0x5a), whole.subarray(this.header.length)];
    return { reason: 'unknown-schema', bytes: Buffer.concat(foreign) };
  }
}
