/** Adds up the isolation path lengths of rows over one forest. All kernels give the same sums bit for bit. */
export interface PathLengthKernel {
  readonly name: 'wasm' | 'typed-arrays';
  /** Why it is not the fastest one. */
  readonly slowBecause?: string;
  /**
   * @param values row-major, rows × width, finite
   * @param sums one per row, overwritten; taken in the order of the trees, so that it does not depend on the rows beside
   */
  sum(values: Float64Array, rows: number, sums: Float64Array): void;
}
