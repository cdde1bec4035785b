import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { EVENT_SCHEMA_FILE, THRESHOLD } from '../workload/events.js';

/** The client id by which the proxies know the fleet's connections. */
export const FLEET_CLIENT_ID = 'fleet';

export interface Names {
  readonly group: string;
  readonly input: string;
  readonly anomalies: string;
  readonly deadLetters: string;
}

export const NAMES: Names = {
  group: 'chaos',
  input: 'events',
  anomalies: 'events.anomalies',
  deadLetters: 'events.dlt',
};

export const OUTPUTS: readonly string[] = [NAMES.anomalies, NAMES.deadLetters];

/** Small, so that a fault has many of them to hit. */
const SMALL_COMMITS = { intervalMs: 100, maxRecords: 200 };

/** Outrider's configuration: defaults all over, but for the commits. */
export function writeConfiguration(
  file: string,
  brokers: readonly string[],
  { threshold = THRESHOLD, commit = SMALL_COMMITS }: { threshold?: number; commit?: object } = {},
): void {
  const { group, input, anomalies, deadLetters } = NAMES;
  const configuration = {
    kafka: { brokers, clientId: FLEET_CLIENT_ID },
    group,
    input: { topic: input, schema: EVENT_SCHEMA_FILE, startAt: 'earliest', entity: 'entity' },
    output: { anomalies, deadLetters },
    features: ['value'],
    detector: { type: 'threshold', rules: [{ feature: 'value', above: threshold }] },
    commit,
    http: false,
  };
  writeFileSync(file, stringify(configuration));
}
