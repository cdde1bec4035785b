import { type Svg, element } from './svg.js';

/** Greys that have about the same contrast on a white and on a dark page; the background is left to that page. */
export const INK = '#797979';
/** Of the lines of the grid: an opacity of its own, because not every program reads it out of a colour. */
const GRID_OPACITY = 0.25;
export const FONT_SIZE = 11;
export const TITLE_FONT_SIZE = 12;

/** Room around the square of a panel for its title, ticks and axis labels. */
export const MARGIN = { top: 38, right: 14, bottom: 36, left: 44 } as const;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Axis {
  readonly label: string;
  readonly min: number;
  /** Larger than `min`. */
  readonly max: number;
}

/** A pair of axes that knows where a pair of numbers stands. */
export interface Panel {
  readonly box: Box;
  x(value: number): number;
  y(value: number): number;
  /** Title, grid, ticks and labels. */
  readonly frame: readonly Svg[];
}

/**
 * @param box the panel with its margins
 * @throws RangeError when an axis has no length
 */
export function panel(outer: Box, title: string, horizontal: Axis, vertical: Axis): Panel {
  const box = {
    x: outer.x + MARGIN.left,
    y: outer.y + MARGIN.top,
    width: outer.width - MARGIN.left - MARGIN.right,
    height: outer.height - MARGIN.top - MARGIN.bottom,
  };
  const x = scale(horizontal, box.x, box.x + box.width);
  const y = scale(vertical, box.y + box.height, box.y);
  const bottom = box.y + box.height;
  const frame = [
    label(shortened(title, outer.width - MARGIN.left), {
      x: box.x,
      y: outer.y + 15,
      size: TITLE_FONT_SIZE,
      weight: 'bold',
    }),
    ...ticks(horizontal).flatMap((tick) => [
      line(x(tick), box.y, x(tick), bottom),
      label(tickText(tick), { x: x(tick), y: bottom + 14, anchor: 'middle' }),
    ]),
    ...ticks(vertical).flatMap((tick) => [
      line(box.x, y(tick), box.x + box.width, y(tick)),
      label(tickText(tick), { x: box.x - 6, y: y(tick) + FONT_SIZE / 3, anchor: 'end' }),
    ]),
    label(horizontal.label, { x: box.x + box.width / 2, y: bottom + 29, anchor: 'middle' }),
    label(vertical.label, { x: box.x, y: box.y - 7 }),
  ];
  return { box, x, y, frame };
}

/** Characters of a bold title are about this wide. */
const TITLE_CHAR_WIDTH = 7;

function shortened(text: string, width: number): string {
  const chars = Math.floor(width / TITLE_CHAR_WIDTH);
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}

function scale({ label: name, min, max }: Axis, from: number, to: number): (value: number) => number {
  if (!(max > min)) throw new RangeError(`axis ${name}: from ${min} to ${max}`);
  return (value) => from + ((value - min) / (max - min)) * (to - from);
}

/** Three to six round numbers within an axis. */
export function ticks({ min, max }: Pick<Axis, 'min' | 'max'>): number[] {
  const rough = (max - min) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const found: number[] = [];
  // The last may lie a rounding error beyond the end; minus zero is none.
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) found.push(i * step + 0);
  return found;
}

function tickText(value: number): string {
  return String(Number(value.toPrecision(4)));
}

export function line(x1: number, y1: number, x2: number, y2: number): Svg {
  return element('line', { x1, y1, x2, y2, stroke: INK, 'stroke-opacity': GRID_OPACITY, 'stroke-width': 1 });
}

export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: 'normal' | 'bold';
  readonly fill?: string;
}

export function label(text: string, place: LabelPlace): Svg {
  const { x, y, size = FONT_SIZE, anchor = 'start', weight = 'normal', fill = INK } = place;
  return element(
    'text',
    { x, y, 'font-size': size, 'text-anchor': anchor, 'font-weight': weight, fill },
    text,
  );
}
