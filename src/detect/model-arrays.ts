import type { ModelArrays } from './detector.js';

/** Most numbers, or bytes, of one array of a model. */
export const ARRAY_ITEMS_MAX = 268_435_456;

type ModelArray = ModelArrays[string];
export type ArrayType = 'float64' | 'int32' | 'uint8';

/** How the arrays stand in `model.bin`: little-endian, one after the other, in this order. */
export type ArrayLayout = readonly {
  readonly name: string;
  readonly type: ArrayType;
  readonly length: number;
}[];

const BYTES: Readonly<Record<ArrayType, number>> = { float64: 8, int32: 4, uint8: 1 };

export function layoutOf(arrays: ModelArrays): ArrayLayout {
  return Object.entries(arrays).map(([name, array]) => ({
    name,
    type: typeOf(array),
    length: array.length,
  }));
}

function typeOf(array: ModelArray): ArrayType {
  if (array instanceof Float64Array) return 'float64';
  return array instanceof Int32Array ? 'int32' : 'uint8';
}

export function arrayBytes(arrays: ModelArrays): Buffer {
  return Buffer.concat(
    Object.values(arrays).map((array) => {
      if (array instanceof Uint8Array) return array;
      const part = Buffer.alloc(array.byteLength);
      if (array instanceof Float64Array) array.forEach((value, i) => part.writeDoubleLE(value, i * 8));
      else array.forEach((value, i) => part.writeInt32LE(value, i * 4));
      return part;
    }),
  );
}

export function bytesIn(layout: ArrayLayout): number {
  return layout.reduce((sum, { type, length }) => sum + BYTES[type] * length, 0);
}

/** @returns the arrays, or what is wrong with the bytes */
export function arraysFrom(layout: ArrayLayout, bytes: Buffer): ModelArrays | string {
  const wanted = bytesIn(layout);
  if (wanted !== bytes.length) return `model.bin has ${bytes.length} bytes, by model.yml it has ${wanted}`;
  let at = 0;
  return Object.fromEntries(
    layout.map(({ name, type, length }) => {
      const start = at;
      at += length * BYTES[type];
      return [name, arrayFrom(type, length, bytes.subarray(start, at))];
    }),
  );
}

function arrayFrom(type: ArrayType, length: number, bytes: Buffer): ModelArray {
  if (type === 'uint8') return new Uint8Array(bytes);
  return type === 'float64'
    ? Float64Array.from({ length }, (_, i) => bytes.readDoubleLE(i * 8))
    : Int32Array.from({ length }, (_, i) => bytes.readInt32LE(i * 4));
}
