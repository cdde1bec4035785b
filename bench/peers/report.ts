import { cpus, totalmem } from 'node:os';
import { median, spread } from '../statistics.js';
import type { PeerSample } from './measure.js';

/** A peer that was measured, or the reason why it was not. */
export interface PeerResult {
  readonly name: string;
  /** In the chart. */
  readonly label: string;
  readonly about: string;
  /** Run by run; the runs of all peers go together. */
  readonly samples: readonly PeerSample[];
  readonly fault: string | null;
}

export interface Ratio {
  readonly of: string;
  readonly to: string;
  /** How many times as many events a second, run by run. */
  readonly runs: readonly number[];
  /** How many times as much CPU time `to` took for an event, run by run. */
  readonly cpuRuns: readonly number[];
}

/** The others are compared with this one. */
const BASE = 'outrider';

/** Of the rates within the same run; only of peers that were measured in all of them. */
export function ratios(results: readonly PeerResult[]): Ratio[] {
  const base = results.find(({ name }) => name === BASE);
  if (base?.fault !== null) return [];
  return results
    .filter(({ name, fault }) => name !== BASE && fault === null)
    .map(({ name, samples }) => {
      const pairs = base.samples.flatMap((mine, run) => {
        const other = samples[run];
        return other === undefined ? [] : [{ mine, other }];
      });
      return {
        of: BASE,
        to: name,
        runs: pairs.map(({ mine, other }) => mine.eventsPerSecond / other.eventsPerSecond),
        cpuRuns: pairs.map(({ mine, other }) => other.cpuSecondsPerMillion / mine.cpuSecondsPerMillion),
      };
    });
}

/** One document for `--json`. */
export function reportJson(results: readonly PeerResult[], cores: string): object {
  return {
    machine: machine(),
    cores,
    peers: results
      .filter(({ fault }) => fault === null)
      .map(({ name, about, samples }) => ({
        ...{ name, about, unit: 'events/s' },
        ...spread(samples.map(({ eventsPerSecond }) => Math.round(eventsPerSecond))),
        runs: samples.length,
        samples,
      })),
    ratios: ratios(results),
    failed: results.flatMap(({ name, fault }) => (fault === null ? [] : [{ name, reason: fault }])),
  };
}

/** Markdown, to be pasted into docs/BENCHMARKS.md. */
export function reportText(results: readonly PeerResult[], cores: string): string {
  const measured = results.filter(({ fault }) => fault === null);
  const compared = ratios(results);
  return [
    `${machine()}; ${cores}`,
    '',
    '| peer | median events/s | min | max | CPU s per million | peak MB | events | anomalies |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...measured.map(row),
    '',
    ...list(
      'Events a second, run by run, and the median:',
      compared.map(({ of, to, runs }) => `${of} / ${to}: ${series(runs)}`),
    ),
    ...list(
      'CPU time for an event, run by run, and the median:',
      compared.map(({ of, to, cpuRuns }) => `${to} / ${of}: ${series(cpuRuns)}`),
    ),
    ...list(
      'Set up as:',
      measured.map(({ name, about }) => `${name}: ${about}`),
    ),
    ...list(
      'NOT MEASURED:',
      results.flatMap(({ name, fault }) =>
        fault === null ? [] : [`${name}: ${fault.replace(/\s*\n\s*/g, ' ')}`],
      ),
    ),
  ].join('\n');
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [title, '', ...items.map((item) => `- ${item}`), ''];
}

function row({ name, samples }: PeerResult): string {
  const of = (pick: (sample: PeerSample) => number): number => median(samples.map(pick));
  const rate = spread(samples.map(({ eventsPerSecond }) => eventsPerSecond));
  const cells = [
    name,
    ...[rate.median, rate.min, rate.max].map(grouped),
    cpuText(of(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion)),
    ...[
      of(({ peakMegabytes }) => peakMegabytes),
      of(({ events }) => events),
      of(({ anomalies }) => anomalies),
    ].map(grouped),
  ];
  return `| ${cells.join(' | ')} |`;
}

function series(values: readonly number[]): string {
  return `${values.map(ratioText).join(', ')}; median ${ratioText(median(values))}`;
}

function cpuText(seconds: number): string {
  return seconds >= 100 ? grouped(seconds) : seconds.toFixed(1);
}

function ratioText(value: number): string {
  return value >= 100 ? grouped(value) : value.toFixed(2);
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function machine(): string {
  return `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}
