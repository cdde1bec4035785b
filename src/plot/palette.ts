/** Told apart also by most who see red and green alike, and readable on white and on a dark page. */
const COLOURS = [
  '#2f81f7',
  '#d9822b',
  '#3a9d6a',
  '#b45fc4',
  '#c2543f',
  '#1f9fae',
  '#a08a1c',
  '#8a7566',
] as const;
const DASHES = ['', '6 3', '2 2', '8 3 2 3'] as const;

export interface LineStyle {
  readonly stroke: string;
  readonly 'stroke-dasharray'?: string;
}

/** @param index counts what is drawn; after the last colour they come again, dashed */
export function lineStyle(index: number): LineStyle {
  const stroke = COLOURS[index % COLOURS.length] as string;
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length] as string;
  return dash === '' ? { stroke } : { stroke, 'stroke-dasharray': dash };
}

export const NORMAL_COLOUR = '#8f959e';
export const ANOMALOUS_COLOUR = '#e5534b';
export const INK_THRESHOLD = '#797979';
