import type { Type } from 'avsc';
import { type RecordShape, type TypeView, viewOf } from './avro-schema.js';

/** Fewest bytes that an encoded value can take, by type. */
export class SmallestSizes {
  private readonly sizes = new Map<Type, number>();

  /**
   * 0 for what needs no bytes; Infinity is possible (records of records of records). A type inside itself, or deeper
   * inside others than any event may be, counts as 0 there: less than it takes, never more.
   */
  bytesMin(view: TypeView, depth = 0): number {
    const known = this.sizes.get(view.type);
    if (known !== undefined) return known;
    this.sizes.set(view.type, 0);
    const bytes = depth > DEPTH_MAX ? 0 : this.measure(view, depth);
    this.sizes.set(view.type, bytes);
    return bytes;
  }

  private measure(view: TypeView, depth: number): number {
    switch (view.kind) {
      case 'null':
        return 0;
      case 'float':
        return 4;
      case 'double':
        return 8;
      case 'fixed':
        return (view.type as unknown as { size: number }).size;
      case 'record': {
        const { fields } = view.type as unknown as RecordShape;
        return fields.reduce((sum, field) => sum + this.bytesMin(viewOf(field.type), depth + 1), 0);
      }
      default:
        return 1;
    }
  }
}

/** Keeps the stack small. */
const DEPTH_MAX = 100;
