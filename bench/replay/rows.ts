import { spread } from '../statistics.js';
import type { Row } from './bench-context.js';

/** Collects numbers by name, in the order in which the names first come. */
export class Rows {
  private readonly byName = new Map<string, { readonly unit: string; readonly samples: number[] }>();

  add(name: string, unit: string, sample: number): void {
    const row = this.byName.get(name) ?? { unit, samples: [] };
    this.byName.set(name, row);
    row.samples.push(sample);
  }

  all(): readonly Row[] {
    return [...this.byName].map(([name, { unit, samples }]) => ({ name, unit, samples }));
  }
}

/** A table of medians, and how far the runs are apart. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ name, unit, samples }) => {
    const { median, min, max } = spread(samples);
    return `| ${name} | ${show(median)} | ${show(min)} | ${show(max)} | ${unit} | ${samples.length} |`;
  });
  return ['| what | median | min | max | unit | runs |', '|---|--:|--:|--:|---|--:|', ...lines].join('\n');
}

function show(value: number): string {
  if (Number.isNaN(value)) return 'unknown';
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 100 ? 0 : 2);
}
