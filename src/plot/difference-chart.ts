import { lineStyle } from './palette.js';
import { FONT_SIZE, INK, label, line, ticks } from './panel.js';
import { type Svg, element, svgDocument } from './svg.js';

/** How two sides differ on a day, or on several that follow one another. */
export interface DifferingDay {
  readonly day: string;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

const KINDS = ['added', 'removed', 'changed'] as const;

const WIDTH = 720;
const HEIGHT = 300;
const BOX = { left: 64, right: 16, top: 82, bottom: 40 } as const;
/** More days than that share their bars. */
const GROUPS_MAX = 60;
const LABELS_MAX = 6;
const NOTE_CHARS_MAX = 115;
/** Of the room that a day has. */
const BARS_SHARE = 0.8;

/**
 * Three bars a day, side by side, in the given order: added, removed, changed. Where there are many days, those that
 * follow one another are counted together.
 * @param notes one line below the title each, three at most; what is too long is cut
 * @returns an SVG document
 * @throws RangeError when a count is negative or not finite
 */
export function differenceChart(
  title: string,
  notes: readonly string[],
  days: readonly DifferingDay[],
): string {
  const groups = grouped(days, Math.max(1, Math.ceil(days.length / GROUPS_MAX)));
  const highest = Math.max(1, ...groups.flatMap((group) => KINDS.map((kind) => group[kind])));
  const bottom = HEIGHT - BOX.bottom;
  const y = (count: number): number => bottom - (count / highest) * (bottom - BOX.top);
  const right = WIDTH - BOX.right;
  const step = (right - BOX.left) / Math.max(1, groups.length);
  return svgDocument({ width: WIDTH, height: HEIGHT }, title, [
    label(title, { x: 8, y: 20, size: 15, weight: 'bold' }),
    ...notes.map((note, i) => label(shortened(note), { x: 8, y: 38 + 14 * i })),
    ...key(),
    ...ticks({ min: 0, max: highest })
      .filter(Number.isInteger)
      .flatMap((tick) => [
        line(BOX.left, y(tick), right, y(tick)),
        label(tick.toLocaleString('en-US'), { x: BOX.left - 6, y: y(tick) + FONT_SIZE / 3, anchor: 'end' }),
      ]),
    ...groups.flatMap((group, i) => barsOf(group, BOX.left + i * step, step, y)),
    ...labels(groups, step),
  ]);
}

function shortened(note: string): string {
  return note.length <= NOTE_CHARS_MAX ? note : `${note.slice(0, NOTE_CHARS_MAX - 1)}…`;
}

function barsOf(group: DifferingDay, left: number, step: number, y: (count: number) => number): Svg[] {
  const width = (step * BARS_SHARE) / KINDS.length;
  return KINDS.flatMap((kind, i) => {
    const count = group[kind];
    if (!(count >= 0 && count < Infinity)) throw new RangeError(`${group.day}: ${count} ${kind}`);
    if (count === 0) return [];
    // What is there is seen, however little.
    const height = Math.max(1, y(0) - y(count));
    return [
      element(
        'rect',
        {
          x: left + (step * (1 - BARS_SHARE)) / 2 + i * width,
          y: y(0) - height,
          width,
          height,
          fill: lineStyle(i).stroke,
        },
        element('title', {}, `${group.day}: ${count.toLocaleString('en-US')} ${kind}`),
      ),
    ];
  });
}

/** The first day of a few groups. */
function labels(groups: readonly Group[], step: number): Svg[] {
  const every = Math.max(1, Math.ceil(groups.length / LABELS_MAX));
  return groups.flatMap(({ first }, i) => {
    if (i % every !== 0) return [];
    const x = BOX.left + (i + 0.5) * step;
    // Centred, it would end outside the picture.
    const anchor = x > WIDTH - BOX.left ? 'end' : 'middle';
    return [label(first, { x, y: HEIGHT - BOX.bottom + 18, anchor })];
  });
}

/** What the colours mean, at the top on the right. */
function key(): Svg[] {
  return KINDS.flatMap((kind, i) => {
    const x = WIDTH - 230 + i * 76;
    return [
      element('rect', { x, y: 11, width: 10, height: 10, fill: lineStyle(i).stroke }),
      label(kind, { x: x + 14, y: 16 + FONT_SIZE / 3, fill: INK }),
    ];
  });
}

/** Days that share their bars. */
interface Group extends DifferingDay {
  readonly first: string;
}

/** So many days together, named by the first and the last. */
function grouped(days: readonly DifferingDay[], size: number): readonly Group[] {
  const groups: Group[] = [];
  for (let at = 0; at < days.length; at += size) {
    const together = days.slice(at, at + size);
    const [first, last] = [together[0]?.day ?? '', together.at(-1)?.day ?? ''];
    const sum = (kind: (typeof KINDS)[number]): number => together.reduce((all, each) => all + each[kind], 0);
    groups.push({
      first,
      day: together.length === 1 ? first : `${first} – ${last}`,
      added: sum('added'),
      removed: sum('removed'),
      changed: sum('changed'),
    });
  }
  return groups;
}
