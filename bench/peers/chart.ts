import { barChart } from '../../src/plot/bar-chart.js';
import { spread } from '../statistics.js';
import { type PeerResult, grouped } from './report.js';

/** SVG of the medians, with lines from the slowest run to the fastest. */
export function chart(results: readonly PeerResult[], cores: string): string {
  return barChart({
    title: 'Events scored per second, one process, one topic',
    note: `Isolation forest of 100 trees, 8 features, Avro, about 1 % anomalies to an output topic; medians; ${cores}`,
    bars: results
      .filter(({ fault }) => fault === null)
      .map(({ name, samples }) => {
        const { median, min, max } = spread(samples.map(({ eventsPerSecond }) => eventsPerSecond));
        return {
          label: name,
          value: median,
          range: [min, max] as const,
          text: grouped(median),
          isStressed: name === 'outrider',
        };
      }),
  });
}
