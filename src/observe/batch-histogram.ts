import type { Metric, Registry } from 'prom-client';

/**
 * A histogram that takes a whole batch of values in one call: prom-client's own costs more for each observation than
 * scoring an event does. Speaks prom-client's collecting interface, so that registries and aggregation treat it alike.
 */
export class BatchHistogram {
  private readonly counts: Float64Array;
  private sum = 0;

  /** @param bounds upper bounds, ascending, without +Inf */
  constructor(
    readonly name: string,
    readonly help: string,
    private readonly bounds: readonly number[],
    registry: Registry,
  ) {
    this.counts = new Float64Array(bounds.length + 1);
    registry.registerMetric(this as unknown as Metric);
  }

  /** Counts `now - time` in seconds for every time (Unix ms). */
  observeAges(timesMs: Float64Array, nowMs: number): void {
    const { bounds, counts } = this;
    let sumMs = 0;
    // Neighbours are of about the same age: one is looked for only outside the bucket (afterMs, untilMs] of the last.
    let [bucket, afterMs, untilMs] = [0, Infinity, -Infinity];
    for (let i = 0; i < timesMs.length; i++) {
      const ageMs = Math.max(0, nowMs - (timesMs[i] as number));
      if (!(ageMs > afterMs && ageMs <= untilMs)) {
        bucket = 0;
        while (bucket < bounds.length && ageMs > (bounds[bucket] as number) * 1000) bucket++;
        afterMs = bucket === 0 ? -1 : (bounds[bucket - 1] as number) * 1000;
        untilMs = (bounds[bucket] ?? Infinity) * 1000;
      }
      counts[bucket] = (counts[bucket] as number) + 1;
      sumMs += ageMs;
    }
    this.sum += sumMs / 1000;
  }

  get(): Promise<object> {
    const { name, help, bounds, counts } = this;
    let total = 0;
    const values = [...counts].map((count, i) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { le: bounds[i] ?? '+Inf' }, value: total };
    });
    return Promise.resolve({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [
        ...values,
        { metricName: `${name}_sum`, labels: {}, value: this.sum },
        { metricName: `${name}_count`, labels: {}, value: total },
      ],
    });
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}
