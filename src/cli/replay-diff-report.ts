import { differenceChart } from '../plot/difference-chart.js';
import { plural } from '../plural.js';
import type { CollectedCounts } from '../replay/diff/collect-verdicts.js';
import type { DiffSide } from '../replay/diff/diff-side.js';
import {
  type DiffCounts,
  type DiffExample,
  type DiffTally,
  differences,
  verdictsOf,
} from '../replay/diff/diff-tally.js';
import type { SourceRange } from '../replay/diff/source-range.js';
import type { OffsetRange } from '../replay/request/partition-ranges.js';
import { type Printer, grouped } from './output.js';

/** What a diff found, and what it looked at. */
export interface DiffReport {
  readonly sides: readonly [a: DiffSide, b: DiffSide];
  readonly read: readonly [a: CollectedCounts, b: CollectedCounts];
  readonly sourceTopic: string | null;
  readonly range: SourceRange;
  readonly entity: string | null;
  readonly tolerance: number;
  readonly tally: DiffTally;
}

const ENTITIES_SHOWN_MAX = 20;
const DAYS_SHOWN_MAX = 60;
const RANGES_SHOWN_MAX = 12;

/** For `--json`. */
export function diffDocument({
  sides,
  read,
  sourceTopic,
  range,
  entity,
  tolerance,
  tally,
}: DiffReport): object {
  const side = (index: 0 | 1): object => {
    const { name, topic, replay, withoutRun } = sides[index];
    return {
      name,
      topic,
      replay: replay?.id ?? null,
      left: replay?.left ?? 0,
      gone: replay?.done.gone ?? 0,
      withoutRun,
      ...read[index],
    };
  };
  return {
    a: side(0),
    b: side(1),
    sourceTopic,
    range: {
      partitions: [...range.partitions].map(([partition, { from, to }]) => ({ partition, from, to })),
      rest: range.rest,
    },
    entity,
    tolerance,
    ...tally.counts,
    largestChange: tally.largestChange,
    byEntity: tally.entities.map(({ key, ...counts }) => ({ entity: key, ...counts })),
    otherEntities: orNull(tally.otherEntities),
    byDay: tally.days.map(({ key, ...counts }) => ({ day: dayText(key), ...counts })),
    otherDays: orNull(tally.otherDays),
    examples: tally.examples,
  };
}

export function printDiff(report: DiffReport, printer: Printer): void {
  const { tally, tolerance } = report;
  for (const index of [0, 1] as const) printer.line(sideLine(report, index, printer));
  for (const line of rangeLines(report)) printer.line(line);
  for (const [i, { replay }] of report.sides.entries())
    if ((replay?.done.gone ?? 0) > 0)
      printer.line(
        `   ${grouped(replay?.done.gone ?? 0)} offsets of the range were gone when ${'AB'[i] ?? ''} was replayed: it has no verdict there`,
      );
  printer.line();
  const { added, removed, changed, same } = tally.counts;
  const more = tolerance === 0 ? '' : ` by more than ${tolerance}`;
  const most = tally.largestChange === 0 ? '' : `; scores differ by ${short(tally.largestChange)} at most`;
  printer.table(
    ['', 'verdicts', ''],
    [
      ['added', grouped(added), 'only in B'],
      ['removed', grouped(removed), 'only in A'],
      ['changed', grouped(changed), `in both, with other scores${more}`],
      ['same', grouped(same), `in both${most}`],
    ],
  );
  printCounts(
    printer,
    'entity',
    'entities',
    tally.entities.map(({ key, ...counts }) => [key ?? '-', counts]),
    tally.otherEntities,
    ENTITIES_SHOWN_MAX,
  );
  printCounts(
    printer,
    'day',
    'days',
    tally.days.map(({ key, ...counts }) => [dayText(key), counts]),
    tally.otherDays,
    DAYS_SHOWN_MAX,
  );
  if (tally.examples.length === 0) return;
  printer.line();
  printer.table(['first differences', 'event', 'entity', 'A', 'B'], tally.examples.map(exampleRow));
}

/** For `--plot`. */
export function diffPlot({ sides: [a, b], tolerance, tally }: DiffReport): string {
  const { added, removed, changed, same } = tally.counts;
  const others = differences(tally.otherDays);
  const notes = [
    `A: ${a.name}, B: ${b.name}`,
    `${grouped(added)} added, ${grouped(removed)} removed, ${grouped(changed)} changed, ${grouped(same)} the same, tolerance ${tolerance}`,
    ...(others === 0 ? [] : [`${grouped(others)} more on other days`]),
  ];
  return differenceChart(
    'Verdicts that differ, by day',
    notes,
    tally.days.map(({ key, ...counts }) => ({ day: dayText(key), ...counts })),
  );
}

function sideLine({ sides, read }: DiffReport, index: 0 | 1, printer: Printer): string {
  const { name, topic, replay, withoutRun } = sides[index];
  const { records, verdicts, retractions, otherTopics, notAnomalies } = read[index];
  const what = [
    ...(replay === null ? [] : [`topic ${topic} of the replay ${replay.id}`]),
    ...(withoutRun === null ? [] : [`without what the replay ${withoutRun} wrote`]),
    plural(records, 'record'),
    plural(verdicts, 'verdict'),
    ...(retractions === 0 ? [] : [plural(retractions, 'retraction')]),
    ...(otherTopics === 0 ? [] : [`${grouped(otherTopics)} on events of other topics`]),
    ...(notAnomalies === 0 ? [] : [`${grouped(notAnomalies)} no anomalies, passed over`]),
  ];
  return `${index === 0 ? 'A' : 'B'}  ${printer.style('bold', name)}: ${what.join(', ')}`;
}

function* rangeLines({ sides, sourceTopic, range, entity }: DiffReport): Iterable<string> {
  const ranges = [...range.partitions].map(([partition, of]) => `${partition}:${rangeText(of)}`);
  const shown = ranges.slice(0, RANGES_SHOWN_MAX);
  if (ranges.length > shown.length) shown.push(`${ranges.length - shown.length} more`);
  const { rest } = range;
  if (ranges.length === 0 && rest === null) shown.push('none');
  if (rest !== null && (rest.from !== null || rest.to !== null))
    shown.push(`${ranges.length === 0 ? 'every partition ' : 'others '}${rangeText(rest)}`);
  if (shown.length > 0) yield `   events of ${sourceTopic ?? 'all topics'}: ${shown.join(', ')}`;
  if (entity !== null) yield `   entity ${entity}`;
  for (const { replay } of sides)
    if (replay !== null && replay.left > 0)
      yield `   the replay ${replay.id} has ${plural(replay.left, 'offset')} left, which are not compared`;
}

function rangeText({ from, to }: OffsetRange): string {
  return `${from ?? ''}-${to ?? ''}`;
}

function printCounts(
  printer: Printer,
  one: string,
  many: string,
  rows: readonly (readonly [name: string, counts: DiffCounts])[],
  others: DiffCounts,
  shownMax: number,
): void {
  const differing = rows.filter(([, counts]) => differences(counts) > 0);
  const shown = differing.slice(0, shownMax);
  const isOther = differences(others) > 0;
  if (shown.length === 0 && !isOther) return;
  const listed = isOther ? [...shown, [`all other ${many}`, others] as const] : shown;
  printer.line();
  printer.table(
    [one, 'added', 'removed', 'changed', 'same'],
    listed.map(([name, { added, removed, changed, same }]) => [
      name,
      ...[added, removed, changed, same].map(grouped),
    ]),
  );
  const left = differing.length - shown.length;
  if (left > 0) printer.line(`… and ${plural(left, one, many)} more; --json has them all`);
}

function exampleRow({ outcome, topic, partition, offset, entity, scoreA, scoreB }: DiffExample): string[] {
  return [
    outcome,
    `${topic}/${partition}/${offset}`,
    entity === undefined ? '…' : (entity ?? '-'),
    scoreA === null ? '-' : short(scoreA),
    scoreB === null ? '-' : short(scoreB),
  ];
}

/** Enough to see that two scores are not the same one. */
function short(score: number): string {
  return String(Number(score.toPrecision(6)));
}

/** `2026-03-01`; days that no calendar has as a number. @param day since 1970-01-01, UTC */
function dayText(day: number): string {
  const ms = day * 86_400_000;
  return Math.abs(ms) <= 8.64e15 ? (new Date(ms).toISOString().split('T')[0] as string) : `day ${day}`;
}

function orNull(counts: DiffCounts): DiffCounts | null {
  return verdictsOf(counts) === 0 ? null : counts;
}
