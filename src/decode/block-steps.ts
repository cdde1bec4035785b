/** Hot path: the steps of arrays and maps. */
import type { Cursor } from './cursor.js';
import { type Step, passedBytes } from './step.js';

/**
 * @param rest for the items that nobody wants
 * @param wanted by index
 * @param itemBytesMin fewest bytes of an item
 */
export function arrayStep(rest: Step, wanted: readonly (Step | undefined)[], itemBytesMin: number): Step {
  const restBytes = passedBytes(rest);
  return (cursor) => {
    let index = 0;
    for (let count = cursor.blockCount(itemBytesMin); count > 0; count = cursor.blockCount(itemBytesMin)) {
      const { blockEnd } = cursor;
      let left = count;
      for (; left > 0 && index < wanted.length; left--, index++) (wanted[index] ?? rest)(cursor);
      if (restBytes !== null) cursor.skip(left > 0 ? left * restBytes : 0);
      else for (; left > 0; left--) rest(cursor);
      if (blockEnd >= 0) checkEnd(cursor, blockEnd);
    }
  };
}

/**
 * @param rest for the values that nobody wants
 * @param wanted by key, which may occur once in an event; Avro does not say what a second one would mean
 */
export function mapStep(
  rest: Step,
  wanted: readonly (readonly [string, Step])[],
  entryBytesMin: number,
): Step {
  const find = finder(wanted.map(([key, step]) => new Entry(key, step)));
  return (cursor) => {
    for (let count = cursor.blockCount(entryBytesMin); count > 0; count = cursor.blockCount(entryBytesMin)) {
      const { blockEnd } = cursor;
      for (let i = 0; i < count; i++) {
        const keyBytes = cursor.long();
        const start = cursor.at;
        cursor.skip(keyBytes);
        if (keyBytes === PROTO.length && isAt(cursor.bytes, start, PROTO))
          cursor.fail('a map key named __proto__');
        const entry = find(cursor, start, keyBytes);
        if (entry === undefined) {
          rest(cursor);
          continue;
        }
        if (entry.seenIn === cursor.event) cursor.fail(`the map key '${entry.key}' twice`);
        entry.seenIn = cursor.event;
        entry.step(cursor);
      }
      if (blockEnd >= 0) checkEnd(cursor, blockEnd);
    }
  };
}

/** A wanted key. */
class Entry {
  readonly bytes: Buffer;
  /** The event in which it was last met. */
  seenIn = -1;

  constructor(
    readonly key: string,
    readonly step: Step,
  ) {
    this.bytes = Buffer.from(key, 'utf8');
  }
}

type Find = (cursor: Cursor, start: number, byteCount: number) => Entry | undefined;

/** More wanted keys than that are looked up by text: a comparison with each would cost more than reading the event. */
const COMPARED_MAX = 8;

function finder(entries: readonly Entry[]): Find {
  if (entries.length <= COMPARED_MAX) {
    return (cursor, start, byteCount) => {
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i] as Entry;
        if (entry.bytes.length === byteCount && isAt(cursor.bytes, start, entry.bytes)) return entry;
      }
      return undefined;
    };
  }
  const byText = new Map(entries.map((entry) => [entry.bytes.toString('latin1'), entry]));
  const bytesMax = Math.max(...entries.map(({ bytes }) => bytes.length));
  return (cursor, start, byteCount) => {
    if (byteCount > bytesMax) return undefined;
    const { buffer } = cursor.bytes;
    return byText.get(Buffer.from(buffer, start, byteCount).toString('latin1'));
  };
}

const PROTO = Buffer.from('__proto__');

function isAt(bytes: Uint8Array, start: number, other: Uint8Array): boolean {
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

/** Whoever skips a block by its size must come to the same place as who reads it. */
function checkEnd(cursor: Cursor, blockEnd: number): void {
  if (cursor.at !== blockEnd)
    cursor.fail(`a block whose size is ${Math.abs(blockEnd - cursor.at)} bytes off its items`);
}
