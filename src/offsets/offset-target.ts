/** Where a group's offsets are to go; a time is Unix ms. */
export type OffsetTarget =
  | 'earliest'
  | 'latest'
  | 'current'
  | { readonly offset: number }
  /** From the committed offset on; negative is back. */
  | { readonly shiftBy: number }
  | { readonly timeMs: number };
