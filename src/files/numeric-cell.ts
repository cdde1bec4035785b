/**
 * The number that a cell of a file stands for: a finite JSON number or a boolean (0, 1), or text that is a decimal
 * number and nothing else.
 * @returns the number, or what is wrong, as in "is empty"
 */
export function numericCell(cell: unknown): number | string {
  if (typeof cell === 'boolean') return Number(cell);
  if (cell === undefined || cell === null) return 'is empty';
  if (typeof cell === 'string' && cell.trim() === '') return 'is empty';
  if (typeof cell !== 'number' && typeof cell !== 'string') return `is ${shown(cell)}, not a number`;
  // Text such as 0x1F, which Number takes for one, is a code and not a measurement.
  const number = typeof cell === 'string' && /[xob]/i.test(cell) ? NaN : Number(cell);
  if (Number.isFinite(number)) return number;
  return `is ${shown(cell)}, not a ${isInfinite(cell) ? 'finite ' : ''}number`;
}

function isInfinite(cell: unknown): boolean {
  return Math.abs(Number(cell)) === Infinity || /^\s*[-+]?inf(inity)?\s*$/i.test(String(cell));
}

const SHOWN_CHARS_MAX = 80;

function shown(cell: unknown): string {
  const text = typeof cell === 'string' ? `'${cell}'` : (JSON.stringify(cell) ?? String(cell));
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
