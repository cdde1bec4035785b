import { lineStyle } from './palette.js';
import { type Box, FONT_SIZE, label, panel } from './panel.js';
import { type Svg, element } from './svg.js';

/** Precision at each recall that there is, recall rising, the last 1; not empty. */
export interface Curve {
  readonly precision: ArrayLike<number>;
  readonly recall: ArrayLike<number>;
}

export interface CurveFamily {
  /** Of the legend. */
  readonly name: string;
  /** One a run. */
  readonly runs: readonly Curve[];
}

/** Recalls at which a curve is drawn: more than there are pixels. */
const POINTS = 201;
const LEGEND_LINE_HEIGHT = 15;

export function legendHeight(families: number): number {
  return families * LEGEND_LINE_HEIGHT + 6;
}

/**
 * Precision over recall, a colour for each family: its runs thin and light, their mean at each recall strong.
 * The legend stands below the panel.
 */
export function precisionRecallPanel(box: Box, title: string, families: readonly CurveFamily[]): Svg[] {
  const axes = panel(
    { ...box, height: box.height - legendHeight(families.length) },
    title,
    { label: 'recall', min: 0, max: 1 },
    { label: 'precision', min: 0, max: 1 },
  );
  const drawn = families.flatMap(({ runs }, i) => {
    const sampled = runs.map(precisionAtRecalls);
    const points = (precisions: readonly number[]): string =>
      precisions
        .map((precision, j) => `${round(axes.x(j / (POINTS - 1)))},${round(axes.y(precision))}`)
        .join(' ');
    const polyline = (precisions: readonly number[], width: number, opacity: number): Svg =>
      element('polyline', {
        points: points(precisions),
        fill: 'none',
        ...lineStyle(i),
        'stroke-width': width,
        'stroke-opacity': opacity,
        'stroke-linejoin': 'round',
      });
    const light = sampled.length > 1 ? sampled.map((run) => polyline(run, 0.8, 0.35)) : [];
    return [...light, polyline(meanOf(sampled), 1.8, 1)];
  });
  const top = box.y + box.height - legendHeight(families.length);
  const legend = families.flatMap(({ name }, i) => {
    const y = top + (i + 0.7) * LEGEND_LINE_HEIGHT;
    const { x } = axes.box;
    return [
      element('line', { x1: x, y1: y, x2: x + 18, y2: y, ...lineStyle(i), 'stroke-width': 2 }),
      label(name, { x: x + 24, y: y + FONT_SIZE / 3 }),
    ];
  });
  return [...axes.frame, ...drawn, ...legend];
}

/** At each of POINTS recalls from 0 to 1 the precision where that recall is first reached. */
export function precisionAtRecalls({ precision, recall }: Curve): number[] {
  let at = 0;
  return Array.from({ length: POINTS }, (_, i) => {
    const wanted = i / (POINTS - 1);
    while (at < recall.length - 1 && (recall[at] as number) < wanted) at++;
    return precision[at] as number;
  });
}

function meanOf(runs: readonly (readonly number[])[]): number[] {
  return Array.from(
    { length: POINTS },
    (_, i) => runs.reduce((sum, run) => sum + (run[i] as number), 0) / runs.length,
  );
}

function round(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`curve: a coordinate is ${value}`);
  return Math.round(value * 10) / 10;
}
