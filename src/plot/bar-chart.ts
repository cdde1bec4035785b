import { type Svg, element, svgDocument } from './svg.js';

export interface Bar {
  readonly label: string;
  /** At least 0. */
  readonly value: number;
  /** The smallest and the largest of what the value stands for: a line across the bar's end. */
  readonly range?: readonly [min: number, max: number];
  /** What is written beside the bar in place of the number. */
  readonly text?: string;
  /** Drawn in the strong colour. */
  readonly isStressed?: boolean;
}

export interface BarChart {
  readonly title: string;
  /** Lines below the bars, of about 100 characters at most: what was measured, and how. */
  readonly notes?: readonly string[];
  readonly bars: readonly Bar[];
}

/** Greys that have the same contrast, 4.3:1, on white and on a dark page; the background is left to that page. */
const INK = '#797979';
const PLAIN = '#9aa0a6';
const STRESSED = '#2f81f7';

const WIDTH = 720;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 20;
const LABEL_WIDTH = 230;
/** For the text beside the longest bar. */
const TEXT_WIDTH = 110;
const TOP = 44;
const FONT_SIZE = 14;
const NOTE_FONT_SIZE = 12;
const NOTE_HEIGHT = 18;

/**
 * Horizontal bars from zero on a linear scale, in the given order, each with its value.
 * @returns an SVG document
 * @throws RangeError when a value is negative or not finite
 */
export function barChart({ title, notes = [], bars }: BarChart): string {
  const largest = Math.max(0, ...bars.flatMap(({ value, range }) => [value, ...(range ?? [])]));
  const lengthOf = (value: number): number =>
    largest === 0 ? 0 : (value / largest) * (WIDTH - LABEL_WIDTH - TEXT_WIDTH);
  const below = TOP + bars.length * ROW_HEIGHT;
  const height = below + (notes.length + 1) * NOTE_HEIGHT;
  return svgDocument({ width: WIDTH, height }, title, [
    label(title, { x: 0, y: 22, size: FONT_SIZE + 2, weight: 'bold' }),
    ...bars.flatMap((bar, row) => rowOf(bar, TOP + row * ROW_HEIGHT, lengthOf)),
    ...notes.map((note, line) =>
      label(note, { x: 0, y: below + (line + 1) * NOTE_HEIGHT, size: NOTE_FONT_SIZE }),
    ),
  ]);
}

function rowOf(bar: Bar, top: number, lengthOf: (value: number) => number): Svg[] {
  const { value, range = [value, value], isStressed = false } = bar;
  for (const number of [value, ...range])
    if (!(number >= 0 && number < Infinity)) throw new RangeError(`bar chart: ${bar.label} is ${number}`);
  // What is there is seen, however little.
  const length = Math.max(lengthOf(value), 1);
  const middle = top + ROW_HEIGHT / 2;
  const baseline = middle + FONT_SIZE / 3;
  const [from, to] = range.map((end) => LABEL_WIDTH + lengthOf(end)) as [number, number];
  const weight = isStressed ? 'bold' : 'normal';
  const spread = { stroke: INK, 'stroke-width': 1.5 };
  return [
    label(bar.label, { x: LABEL_WIDTH - 10, y: baseline, size: FONT_SIZE, anchor: 'end', weight }),
    element('rect', {
      x: LABEL_WIDTH,
      y: middle - BAR_HEIGHT / 2,
      width: length,
      height: BAR_HEIGHT,
      fill: isStressed ? STRESSED : PLAIN,
    }),
    ...(to - from < 1 ? [] : [element('line', { x1: from, y1: middle, x2: to, y2: middle, ...spread })]),
    label(bar.text ?? String(value), {
      x: LABEL_WIDTH + Math.max(length, to - LABEL_WIDTH) + 8,
      y: baseline,
      size: FONT_SIZE,
      weight,
    }),
  ];
}

function label(
  text: string,
  place: {
    readonly x: number;
    readonly y: number;
    readonly size: number;
    readonly anchor?: 'start' | 'end';
    readonly weight?: 'normal' | 'bold';
  },
): Svg {
  const { x, y, size, anchor = 'start', weight = 'normal' } = place;
  return element(
    'text',
    { x, y, 'font-size': size, 'text-anchor': anchor, 'font-weight': weight, fill: INK },
    text,
  );
}
