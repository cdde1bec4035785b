import { ANOMALOUS_COLOUR, INK_THRESHOLD, NORMAL_COLOUR } from './palette.js';
import { type Box, FONT_SIZE, label, panel } from './panel.js';
import { type Svg, element } from './svg.js';

export interface LabelledScores {
  readonly scores: ArrayLike<number>;
  /** 1 for an anomaly, one per score. */
  readonly labels: ArrayLike<number>;
  readonly threshold: number;
}

const BINS = 40;
/** Over the highest bar, for what is written there. */
const HEADROOM = 1.15;

/** How many of the normal and of the anomalous rows have scores between `min` and `max`, as shares of their kind. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly normal: readonly number[];
  readonly anomalous: readonly number[];
}

/** @param threshold is within the range as well */
export function histogramOf({ scores, labels, threshold }: LabelledScores, bins = BINS): Histogram {
  let [min, max] = [threshold, threshold];
  for (let i = 0; i < scores.length; i++) {
    min = Math.min(min, scores[i] as number);
    max = Math.max(max, scores[i] as number);
  }
  // Of scores that are all the same there is one bar, in the middle.
  if (min === max) [min, max] = [min - 0.5, max + 0.5];
  const counts = [new Array<number>(bins).fill(0), new Array<number>(bins).fill(0)] as const;
  const totals: [number, number] = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    const kind = labels[i] === 1 ? 1 : 0;
    const bin = Math.min(bins - 1, Math.floor((((scores[i] as number) - min) / (max - min)) * bins));
    counts[kind][bin] = (counts[kind][bin] as number) + 1;
    totals[kind]++;
  }
  const shares = (kind: 0 | 1): number[] => counts[kind].map((count) => count / Math.max(1, totals[kind]));
  return { min, max, normal: shares(0), anomalous: shares(1) };
}

/** Scores of normal and of anomalous rows, each kind as shares of its own, and the threshold as a dashed line. */
export function scoreHistogramPanel(box: Box, title: string, scores: LabelledScores): Svg[] {
  const { min, max, normal, anomalous } = histogramOf(scores);
  const highest = Math.max(...normal, ...anomalous);
  const axes = panel(
    box,
    title,
    { label: 'score', min, max },
    { label: 'share of its kind', min: 0, max: highest * HEADROOM },
  );
  const bars = (shares: readonly number[], fill: string): Svg[] =>
    shares.flatMap((share, i) => {
      if (share === 0) return [];
      const width = axes.box.width / shares.length;
      const top = axes.y(share);
      return [
        element('rect', {
          x: axes.box.x + i * width,
          y: top,
          width,
          height: axes.box.y + axes.box.height - top,
          fill,
          'fill-opacity': 0.6,
        }),
      ];
    });
  const x = axes.x(scores.threshold);
  // On the side where there is room.
  const isRight = x > axes.box.x + axes.box.width * 0.6;
  return [
    ...axes.frame,
    ...bars(normal, NORMAL_COLOUR),
    ...bars(anomalous, ANOMALOUS_COLOUR),
    element('line', {
      x1: x,
      y1: axes.box.y,
      x2: x,
      y2: axes.box.y + axes.box.height,
      stroke: INK_THRESHOLD,
      'stroke-width': 1.5,
      'stroke-dasharray': '4 3',
    }),
    label(`threshold ${Number(scores.threshold.toPrecision(4))}`, {
      x: x + (isRight ? -5 : 5),
      y: axes.box.y + FONT_SIZE,
      anchor: isRight ? 'end' : 'start',
    }),
  ];
}
