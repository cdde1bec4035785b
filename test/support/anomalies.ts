import { type Anomaly, anomalyId, encodeAnomaly } from '../../src/publish/anomaly-record.js';

/** A frame as a registry's: what it says is not looked at. */
const FRAME = Buffer.from('0000000007', 'hex');

/** A verdict of the model `m@1`, with what a test does not care for filled in. */
export function anomaly(changes: Partial<Anomaly> & { readonly byModel?: string } = {}): Anomaly {
  const { byModel = 'm', ...given } = changes;
  const { topic = 'orders', partition = 0, offset = 0 } = given;
  return {
    id: anomalyId(topic, partition, offset, { detector: 'knn', name: byModel, version: '1' }),
    topic,
    partition,
    offset,
    entity: 'e1',
    eventTime: Date.UTC(2026, 2, 1, 12),
    detectedAt: Date.UTC(2026, 2, 1, 12, 1),
    score: 0.7,
    threshold: 0.6,
    detector: 'knn',
    model: byModel,
    modelVersion: '1',
    features: [
      { name: 'amount', value: 12, contribution: 0.75, expected: { low: 1, high: 3 } },
      { name: 'count', value: 0, contribution: 0.25, expected: null },
    ],
    event: Buffer.from('event'),
    runId: null,
    retracted: false,
    ...given,
  };
}

export function anomalyBytes(changes: Parameters<typeof anomaly>[0] = {}): Buffer {
  return encodeAnomaly(anomaly(changes), FRAME);
}
