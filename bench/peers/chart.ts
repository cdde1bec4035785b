import { barChart } from '../../src/plot/bar-chart.js';
import { spread } from '../statistics.js';
import { type PeerResult, grouped } from './report.js';

/** SVG of the medians, with lines from the slowest run to the fastest. */
export function chart(results: readonly PeerResult[], cores: string): string {
  const measured = results.filter(({ fault }) => fault === null);
  const runs = measured[0]?.samples.length ?? 0;
  return barChart({
    title: 'Events scored per second by one process',
    notes: [
      `Isolation forest of 100 trees, 8 features, Avro. ${runs === 1 ? 'One run' : `Medians of ${runs} runs; the lines go from the slowest to the fastest`}.`,
      `Exactly once unless it says otherwise; ${cores}.`,
    ],
    bars: measured.map(({ name, label, samples }) => {
      const { median, min, max } = spread(samples.map(({ eventsPerSecond }) => eventsPerSecond));
      return {
        label,
        value: median,
        range: [min, max] as const,
        text: grouped(median),
        isStressed: name === 'outrider',
      };
    }),
  });
}
