import { join } from 'node:path';
import { singleObjectHeader } from '../decode/fingerprint.js';
import { readSchemaFile } from '../decode/avro-schema.js';
import { seededRandom } from '../detect/random.js';
import { type LabelledMatrix, readLabelledMatrix } from '../files/labelled-matrix.js';
import { packageRoot } from '../package-root.js';

/** Units that the readings are dealt out to: the keys of the records. */
const UNITS = 64;

export function shuttleFile(): string {
  return join(packageRoot(), 'examples', 'shuttle', 'shuttle.csv.gz');
}

export function shuttleSchemaFile(): string {
  return join(packageRoot(), 'schemas', 'shuttle-event.avsc');
}

export function loadShuttle(): Promise<LabelledMatrix> {
  return readLabelledMatrix(shuttleFile(), 'label');
}

/** An event before it is produced; `row` is null for the deliberately broken ones. */
export interface DemoEvent {
  readonly row: number | null;
  readonly key: Buffer;
  /** Makes the value; the time is the moment at which it is produced. */
  value(atMs: number): Buffer;
}

/** The first rows in their order, with some broken events among them at places that the seed chooses. */
export function demoEvents(data: LabelledMatrix, count: number, seed: number): readonly DemoEvent[] {
  const type = readSchemaFile(shuttleSchemaFile());
  const header = singleObjectHeader(type);
  const encode = (row: number, atMs: number, width = data.width): Buffer => {
    const values = Array.from(data.values.subarray(row * data.width, row * data.width + width));
    return Buffer.concat([header, type.toBuffer({ unit: unitOf(row), at: atMs, values })]);
  };
  const events: DemoEvent[] = Array.from({ length: count }, (_, row) => ({
    row,
    key: Buffer.from(unitOf(row)),
    value: (atMs) => encode(row, atMs),
  }));
  const random = seededRandom(seed);
  for (const spoil of BROKEN) {
    const row = Math.floor(random() * count);
    const place = Math.floor(random() * (events.length + 1));
    events.splice(place, 0, {
      row: null,
      key: Buffer.from(unitOf(row)),
      value: (atMs) => spoil(encode(row, atMs), (width) => encode(row, atMs, width)),
    });
  }
  return events;
}

function unitOf(row: number): string {
  return `unit-${String(row % UNITS).padStart(2, '0')}`;
}

type Spoiler = (whole: Buffer, withReadings: (count: number) => Buffer) => Buffer;

/** What goes wrong in real topics: cut off, foreign, unknown schema, too short, not a number, nothing at all. */
const BROKEN: readonly Spoiler[] = [
  (whole) => whole.subarray(0, whole.length - 20),
  () => Buffer.from('{"unit":"unit-03","values":[1,2,3]}'),
  (whole) => flipped(whole, 5),
  (_whole, withReadings) => withReadings(4),
  (whole) => withLastReading(whole, NaN),
  () => Buffer.alloc(0),
  (whole) => Buffer.concat([whole, Buffer.from([1, 2, 3])]),
  (whole) => withLastReading(whole, Infinity),
];

function flipped(whole: Buffer, index: number): Buffer {
  const copy = Buffer.from(whole);
  copy[index] = (copy[index] ?? 0) ^ 0xff;
  return copy;
}

/** The array ends with a zero block count: the last double stands in the nine bytes before the end. */
function withLastReading(whole: Buffer, value: number): Buffer {
  const copy = Buffer.from(whole);
  copy.writeDoubleLE(value, copy.length - 9);
  return copy;
}
