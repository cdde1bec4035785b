import { cpus, totalmem } from 'node:os';
import { median, spread } from '../statistics.js';
import type { PeerSample } from './measure.js';

/** A peer that was measured, or the reason why it was not. */
export interface PeerResult {
  readonly name: string;
  readonly about: string;
  /** Run by run; the runs of all peers go together. */
  readonly samples: readonly PeerSample[];
  readonly fault: string | null;
}

export interface Ratio {
  readonly of: string;
  readonly to: string;
  /** Run by run. */
  readonly runs: readonly number[];
}

/** The others are compared with this one. */
const BASE = 'outrider';

/** Of the rates within the same run; only of peers that were measured in all of them. */
export function ratios(results: readonly PeerResult[]): Ratio[] {
  const base = results.find(({ name }) => name === BASE);
  if (base?.fault !== null) return [];
  return results
    .filter(({ name, fault }) => name !== BASE && fault === null)
    .map(({ name, samples }) => ({
      of: BASE,
      to: name,
      runs: base.samples.map(
        ({ eventsPerSecond }, run) => eventsPerSecond / (samples[run]?.eventsPerSecond ?? NaN),
      ),
    }));
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
  return [
    `${machine()}; ${cores}`,
    '',
    '| peer | median events/s | min | max | CPU s per million | peak MB | events | anomalies |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...measured.map(row),
    '',
    'Run by run, and the median:',
    '',
    ...ratios(results).map(
      ({ of, to, runs }) =>
        `- ${of} / ${to}: ${runs.map(ratioText).join(', ')}; median ${ratioText(median(runs))}`,
    ),
    '',
    'Set up as:',
    '',
    ...measured.map(({ name, about }) => `- ${name}: ${about}`),
    ...results.flatMap(({ name, fault }) => (fault === null ? [] : ['', `NOT MEASURED: ${name}: ${fault}`])),
    '',
  ].join('\n');
}

function row({ name, samples }: PeerResult): string {
  const of = (pick: (sample: PeerSample) => number): number => median(samples.map(pick));
  const rate = spread(samples.map(({ eventsPerSecond }) => eventsPerSecond));
  const cells = [
    name,
    ...[rate.median, rate.min, rate.max].map(grouped),
    of(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion).toFixed(1),
    ...[
      of(({ peakMegabytes }) => peakMegabytes),
      of(({ events }) => events),
      of(({ anomalies }) => anomalies),
    ].map(grouped),
  ];
  return `| ${cells.join(' | ')} |`;
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
