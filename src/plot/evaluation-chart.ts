import { ANOMALOUS_COLOUR, NORMAL_COLOUR } from './palette.js';
import { type Box, FONT_SIZE, label } from './panel.js';
import { type CurveFamily, legendHeight, precisionRecallPanel } from './precision-recall-panel.js';
import { type LabelledScores, scoreHistogramPanel } from './score-histogram-panel.js';
import { type Svg, element, svgDocument } from './svg.js';

/** What is drawn of a file: the curves of its detectors in one panel, and a histogram for each. */
export interface EvaluatedFile {
  readonly name: string;
  readonly detectors: readonly (CurveFamily & { readonly title: string; readonly scores: LabelledScores })[];
}

const PANEL_WIDTH = 280;
const PANEL_HEIGHT = 236;
const ROW_GAP = 12;
const TOP = 56;
const BOTTOM = 10;

/**
 * Small multiples, a row for each file.
 * @param files at least one, all with the same number of detectors, at least one
 * @returns an SVG document
 */
export function evaluationChart(title: string, note: string, files: readonly EvaluatedFile[]): string {
  const detectors = Math.max(...files.map((file) => file.detectors.length));
  const rowHeight = PANEL_HEIGHT + legendHeight(detectors) + ROW_GAP;
  const width = Math.max(2, 1 + detectors) * PANEL_WIDTH;
  const height = TOP + files.length * rowHeight + BOTTOM;
  return svgDocument({ width, height }, title, [
    label(title, { x: 8, y: 20, size: 15, weight: 'bold' }),
    label(note, { x: 8, y: 38 }),
    ...key(width),
    ...files.flatMap((file, row) => rowOf(file, TOP + row * rowHeight, rowHeight - ROW_GAP)),
  ]);
}

function rowOf({ name, detectors }: EvaluatedFile, y: number, height: number): Svg[] {
  const box = (column: number): Box => ({
    x: column * PANEL_WIDTH,
    y,
    width: PANEL_WIDTH,
    height: PANEL_HEIGHT,
  });
  return [
    ...precisionRecallPanel({ ...box(0), height }, name, detectors),
    ...detectors.flatMap(({ title, scores }, i) => scoreHistogramPanel(box(1 + i), title, scores)),
  ];
}

/** What the colours of the histograms mean, at the top on the right. */
function key(width: number): Svg[] {
  return [
    ['normal rows', NORMAL_COLOUR, 170],
    ['anomalies', ANOMALOUS_COLOUR, 80],
  ].flatMap(([text, fill, fromRight]) => {
    const x = width - Number(fromRight);
    return [
      element('rect', { x, y: 11, width: 10, height: 10, fill: String(fill), 'fill-opacity': 0.6 }),
      label(String(text), { x: x + 14, y: 16 + FONT_SIZE / 3 }),
    ];
  });
}
