/** The smallest box that holds some rows. */
export interface Box {
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Columns with at least two values and a range that a double can hold. */
  readonly varying: readonly number[];
}

/** @param rows at least one, all of the same width */
export function boxOf(rows: readonly Float64Array[]): Box {
  const width = rows[0]?.length ?? 0;
  const min = new Float64Array(width).fill(Infinity);
  const max = new Float64Array(width).fill(-Infinity);
  for (const row of rows) {
    for (let column = 0; column < width; column++) {
      const value = row[column] as number;
      if (value < (min[column] as number)) min[column] = value;
      if (value > (max[column] as number)) max[column] = value;
    }
  }
  const varying: number[] = [];
  for (let column = 0; column < width; column++) {
    const range = (max[column] as number) - (min[column] as number);
    if (range > 0 && Number.isFinite(range)) varying.push(column);
  }
  return { min, max, varying };
}
