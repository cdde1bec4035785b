/** Nested graphs (`If`, `Loop`) are followed so deep. */
const DEPTH_MAX = 64;

type Message = 'model' | 'graph' | 'node' | 'attribute' | 'function' | 'training' | 'sparse' | 'tensor';

/** Fields of onnx.proto that lead to a tensor, by field number. */
const FIELDS: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  training: { 1: 'graph', 2: 'graph' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};
/** TensorProto.external_data, and data_location with its value EXTERNAL. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
const EXTERNAL = 1;

/**
 * What keeps bytes from being an ONNX model that is whole in itself: they are no protocol buffer with a graph, or a
 * tensor of it lies in another file. The runtime would look for that file from the working directory.
 * @returns what is wrong, or null
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function wholenessFault(bytes: Uint8Array): string | null {
  const walk = new Walk(bytes);
  if (!walk.message('model', 0, bytes.length, 0) || !walk.hasGraph) return 'it is not an ONNX model';
  return walk.hasExternal
    ? 'it keeps tensors in another file (external data): save it as one file, as onnx.save_model does with save_as_external_data=False'
    : null;
}

/** Reads the protocol buffer's framing, and of the content no more than is needed. */
class Walk {
  hasGraph = false;
  hasExternal = false;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** @returns whether the bytes in between are a message */
  message(kind: Message, from: number, to: number, depth: number): boolean {
    if (depth > DEPTH_MAX * 3) return false;
    this.at = from;
    while (this.at < to) {
      const tag = this.varint(to);
      const field = Math.floor(tag / 8);
      if (!(field >= 1)) return false;
      if (kind === 'tensor' && field === EXTERNAL_DATA) this.hasExternal = true;
      const wire = tag % 8;
      if (wire === 0) {
        const value = this.varint(to);
        if (Number.isNaN(value)) return false;
        if (kind === 'tensor' && field === DATA_LOCATION && value === EXTERNAL) this.hasExternal = true;
      } else if (wire === 1 || wire === 5) {
        this.at += wire === 1 ? 8 : 4;
      } else if (wire === 2) {
        const length = this.varint(to);
        const end = this.at + length;
        if (!(end <= to)) return false;
        const inner = FIELDS[kind][field];
        if (kind === 'model' && inner === 'graph') this.hasGraph = true;
        if (inner !== undefined && !this.message(inner, this.at, end, depth + 1)) return false;
        this.at = end;
      } else return false;
    }
    return this.at === to;
  }

  /** @returns NaN where there is none; of numbers beyond 2^53 an approximation, which no length here is */
  private varint(to: number): number {
    let value = 0;
    for (let shift = 0; shift < 70 && this.at < to; shift += 7) {
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return NaN;
  }
}
