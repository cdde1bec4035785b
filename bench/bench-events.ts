import avro from 'avsc';
import { singleObjectHeader } from '../src/decode/fingerprint.js';
import { POISON_EVERY, poisoned } from './poisoned.js';

export const PARTITIONS = 4;
export const FEATURES = 8;

export const SCHEMA = {
  type: 'record',
  name: 'Reading',
  namespace: 'bench',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'entity', type: 'string' },
    ...Array.from({ length: FEATURES }, (_, i) => ({ name: `v${i}`, type: 'double' })),
  ],
} as const;

const TYPE = avro.Type.forSchema(SCHEMA as unknown as avro.Schema);
const HEADER = singleObjectHeader(TYPE);

/** Without the topic that it goes to. */
export interface BenchEvent {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Eight correlated columns with a rare far one: most rows are ordinary, about one in a hundred is not. */
export function values(random: () => number): number[] {
  const base = random() + random() + random();
  const far = random() < 0.005 ? 6 : 0;
  return Array.from({ length: FEATURES }, (_, i) => base * (i + 1) + random() + (i === 3 ? far : 0));
}

/** @param isPoisoned one in POISON_EVERY is a dead letter */
export function benchEvent(id: number, atMs: number, random: () => number, isPoisoned = false): BenchEvent {
  const v = values(random);
  const entity = `e-${String(id % 1000).padStart(4, '0')}`;
  const fields = Object.fromEntries(v.map((value, i) => [`v${i}`, value]));
  const value = Buffer.concat([HEADER, TYPE.toBuffer({ id, at: atMs, entity, ...fields })]);
  return {
    partition: id % PARTITIONS,
    key: Buffer.from(entity),
    value: isPoisoned && id % POISON_EVERY === 0 ? poisoned(id, value) : value,
  };
}
