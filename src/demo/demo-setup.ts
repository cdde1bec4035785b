import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/load.js';
import type { Matrix } from '../detect/detector.js';
import { drawIndices, seededRandom } from '../detect/random.js';
import { takeRows } from '../detect/take-rows.js';
import { type Model, writeModel } from '../detect/model-file.js';
import { trainModel } from '../detect/train.js';
import { prepareReading } from '../pipeline/setup.js';
import { shuttleSchemaFile } from './dataset.js';

export const DEMO_SEED = 7;
/** Rows that the demo trains on, drawn by the seed without looking at labels. */
export const DEMO_TRAINING_ROWS = 8192;
export const DEMO_PARTITIONS = 4;

export interface DemoNames {
  readonly topic: string;
  readonly group: string;
}

export interface DemoConfig {
  readonly config: Config;
  readonly file: string;
}

/** Writes the configuration that the demo's workers read: an ordinary one, to be looked at. */
export function writeDemoConfig(
  folder: string,
  brokers: readonly string[],
  { topic, group }: DemoNames,
): DemoConfig {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'outrider.yml');
  const text = stringify({
    kafka: { brokers, clientId: 'outrider-demo' },
    group,
    input: { topic, schema: shuttleSchemaFile(), startAt: 'earliest', entity: 'unit', time: 'at' },
    output: { anomalies: `${topic}.anomalies`, deadLetters: `${topic}.dlt` },
    features: ['values[0..8]'],
    detector: { type: 'isolation-forest', model: 'model', seed: DEMO_SEED },
    http: false,
  });
  writeFileSync(file, text);
  return { config: parseConfig(file, text, {}), file };
}

/** Trains on a sample of the rows; the labels are not given to it. */
export async function trainDemoModel(config: Config, data: Matrix, signal: AbortSignal): Promise<Model> {
  const reading = prepareReading(config);
  const drawn = drawIndices(data.rows, DEMO_TRAINING_ROWS, seededRandom(DEMO_SEED)).sort();
  const { model } = await trainModel(
    {
      kind: config.detector.kind,
      options: config.detector.options,
      features: reading.names,
      definitions: reading.definitions,
      data: takeRows(data, drawn),
      source: `${drawn.length} of ${data.rows} shuttle readings, seed ${DEMO_SEED}`,
      rejected: 0,
      name: 'shuttle',
      rowsPerDay: null,
      threshold: null,
      imported: null,
    },
    Date.now,
    signal,
  );
  writeModel(config.detector.model ?? join(config.file, '..', 'model'), model);
  return model;
}
