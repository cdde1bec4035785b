import { z } from 'zod';
import { messageOf } from '../../errors.js';
import { TrainingFault } from '../detector.js';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float64Array;
}

/** Most bytes of a file's header. */
export const HEADER_BYTES_MAX = 1_048_576;
/** Most tensors of a file. */
export const TENSORS_MAX = 1024;
/** Most dimensions of a tensor. */
const DIMENSIONS_MAX = 8;

const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size).max(DIMENSIONS_MAX),
  data_offsets: z.tuple([size, size]),
});
const metadataSchema = z.record(z.string(), z.string());
type Entry = z.infer<typeof entrySchema>;

const BYTES: Readonly<Record<string, number>> = { F32: 4, F64: 8 };

/**
 * Reads a safetensors file (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, little-endian;
 * the header, JSON; the tensors' numbers, little-endian, without gap or overlap. Float32 and float64 only.
 * @throws TrainingFault when the file is anything else, or larger than the limits above
 */
export function readSafetensors(file: Uint8Array): ReadonlyMap<string, Tensor> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 8) throw new TrainingFault(`${bytes.length} bytes are no safetensors file`);
  const length = bytes.readBigUInt64LE(0);
  if (length > BigInt(HEADER_BYTES_MAX))
    throw new TrainingFault(
      `no safetensors file, or a header of ${length} bytes; ${HEADER_BYTES_MAX} is the most`,
    );
  const start = 8 + Number(length);
  if (start > bytes.length)
    throw new TrainingFault(`cut short: the header has ${length} bytes, the file ${bytes.length}`);
  const data = bytes.subarray(start);
  const entries = headerOf(bytes.subarray(8, start));
  checkOffsets(entries, data.length);
  return new Map(
    entries.map(([name, entry]) => [name, { shape: entry.shape, values: valuesOf(name, entry, data) }]),
  );
}

function headerOf(bytes: Buffer): [string, Entry][] {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new TrainingFault(`the header is no JSON: ${messageOf(cause)}`, { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new TrainingFault('the header is no JSON object');
  const all = Object.entries(header);
  if (all.length > TENSORS_MAX)
    throw new TrainingFault(`${all.length} tensors in the header; ${TENSORS_MAX} is the most`);
  const entries: [string, Entry][] = [];
  for (const [name, written] of all) {
    if (name === '__metadata__') parsed(metadataSchema, name, written);
    else entries.push([name, parsed(entrySchema, name, written)]);
  }
  return entries;
}

function parsed<T>(schema: z.ZodType<T>, name: string, written: unknown): T {
  const result = schema.safeParse(written);
  if (result.success) return result.data;
  throw new TrainingFault(
    `the header's '${name}' cannot be read: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`,
  );
}

/** The tensors follow each other from the first byte to the last. */
function checkOffsets(entries: readonly [string, Entry][], bytes: number): void {
  let at = 0;
  const inOrder = [...entries].sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  for (const [name, { dtype, shape, data_offsets: offsets }] of inOrder) {
    const each = BYTES[dtype];
    if (each === undefined)
      throw new TrainingFault(`the tensor '${name}' is of type ${dtype}; F32 and F64 can be read`);
    const wanted = shape.reduce((product, n) => product * n, each);
    if (offsets[0] !== at || offsets[1] - offsets[0] !== wanted || offsets[1] > bytes)
      throw new TrainingFault(
        `the tensor '${name}' has the bytes ${offsets[0]} to ${offsets[1]} of ${bytes}; ` +
          `by its shape, and the tensors before it, it has ${at} to ${at + wanted}`,
      );
    at = offsets[1];
  }
  if (at !== bytes) throw new TrainingFault(`${bytes - at} bytes behind the last tensor`);
}

function valuesOf(
  name: string,
  { dtype, shape, data_offsets: [from, to] }: Entry,
  data: Buffer,
): Float64Array {
  const part = data.subarray(from, to);
  const wide = dtype === 'F64';
  const values = new Float64Array(shape.reduce((product, n) => product * n, 1));
  for (let i = 0; i < values.length; i++) {
    const value = wide ? part.readDoubleLE(i * 8) : part.readFloatLE(i * 4);
    if (!Number.isFinite(value)) throw new TrainingFault(`the tensor '${name}' has ${value} in it, at ${i}`);
    values[i] = value;
  }
  return values;
}
