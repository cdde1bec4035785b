/**
 * The lower triangular L of a symmetric positive definite matrix L Lᵀ, row-major, the upper part 0.
 * @param matrix row-major, of which the lower triangle is read
 * @param tolerance least share of a diagonal element that may be left of it
 * @returns null where the matrix is singular, to that tolerance
 */
export function cholesky(matrix: Float64Array, width: number, tolerance: number): Float64Array | null {
  const factor = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    const rowI = i * width;
    for (let j = 0; j <= i; j++) {
      const rowJ = j * width;
      let rest = matrix[rowI + j] as number;
      for (let k = 0; k < j; k++) rest -= (factor[rowI + k] as number) * (factor[rowJ + k] as number);
      if (j < i) factor[rowI + j] = rest / (factor[rowJ + j] as number);
      else {
        // Written so that NaN is singular, too.
        if (!(rest > tolerance * (matrix[rowI + i] as number)) || rest === Infinity) return null;
        factor[rowI + i] = Math.sqrt(rest);
      }
    }
  }
  return factor;
}

/** log of the determinant of L Lᵀ. */
export function logDeterminant(factor: Float64Array, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += Math.log(factor[i * width + i] as number);
  return 2 * sum;
}

/** Solves L y = x in place, and gives yᵀ y = xᵀ (L Lᵀ)⁻¹ x. Hot path. */
export function solveLower(factor: Float64Array, width: number, x: Float64Array): number {
  let square = 0;
  for (let i = 0; i < width; i++) {
    const row = i * width;
    let rest = x[i] as number;
    for (let j = 0; j < i; j++) rest -= (factor[row + j] as number) * (x[j] as number);
    rest /= factor[row + i] as number;
    x[i] = rest;
    square += rest * rest;
  }
  return square;
}

/** Solves Lᵀ w = y in place. */
export function solveUpper(factor: Float64Array, width: number, y: Float64Array): void {
  for (let i = width - 1; i >= 0; i--) {
    const solved = (y[i] as number) / (factor[i * width + i] as number);
    y[i] = solved;
    for (let j = 0; j < i; j++) y[j] = (y[j] as number) - (factor[i * width + j] as number) * solved;
  }
}

/** The diagonal of (L Lᵀ)⁻¹. */
export function inverseDiagonal(factor: Float64Array, width: number): Float64Array {
  const diagonal = new Float64Array(width);
  const column = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    column.fill(0);
    column[j] = 1;
    // Column j of L⁻¹ is 0 above j; the sum of its squares is the element that is wanted.
    let square = 0;
    for (let i = j; i < width; i++) {
      let rest = column[i] as number;
      for (let k = j; k < i; k++) rest -= (factor[i * width + k] as number) * (column[k] as number);
      rest /= factor[i * width + i] as number;
      column[i] = rest;
      square += rest * rest;
    }
    diagonal[j] = square;
  }
  return diagonal;
}
