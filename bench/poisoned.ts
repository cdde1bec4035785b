/** One event in five is poison: what a producer with a wrong schema, a wrong serializer or a sensor that fails writes. */
export const POISON_EVERY = 5;

/** Bytes of a frame and of an event's id, time and entity, which come before its eight doubles. */
const DOUBLES_BYTES = 64;

/** @returns the value to write in place of a good one: one of seven kinds in turn, by the event's number */
export function poisoned(id: number, value: Buffer): Buffer {
  switch (Math.floor(id / POISON_EVERY) % 7) {
    case 0:
      return value.subarray(0, value.length - 3);
    case 1:
      return Buffer.concat([value, Buffer.from([0])]);
    case 2: {
      const unknown = Buffer.from(value);
      unknown.fill(7, 2, 10);
      return unknown;
    }
    case 3:
      return Buffer.alloc(0);
    case 4:
      return Buffer.from(`{"id":${id},"entity":"e","v0":1,"v1":2,"v2":3,"v3":4,"v4":5,"v5":6,"v6":7,"v7":8}`);
    case 5: {
      const notFinite = Buffer.from(value);
      notFinite.writeDoubleLE(NaN, value.length - DOUBLES_BYTES);
      return notFinite;
    }
    default: {
      const endless = Buffer.from(value);
      endless.fill(0xff, 10, 24);
      return endless;
    }
  }
}
