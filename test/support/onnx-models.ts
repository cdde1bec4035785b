import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Matrix } from '../../src/detect/detector.js';
import { type JudgeConfig } from '../../src/detect/judge.js';
import { onnx } from '../../src/detect/onnx/onnx.js';
import { type TrainedModel, trainModel } from '../../src/detect/train.js';
import { packageRoot } from '../../src/package-root.js';

const FOLDER = join(packageRoot(), 'test', 'detect', 'onnx');

/** The rows that the models of the folder were trained on; those after them they have not seen. */
export const TRAINING_ROWS = 300;
export const WIDTH = 6;
export const FEATURES = Array.from({ length: WIDTH }, (_, i) => `f${i}`);

/** @param name without its ending; `odd/` stands before those that are not of the agreed form */
export function onnxFile(name: string): Uint8Array {
  const folder = name.startsWith('odd/') ? FOLDER : join(FOLDER, 'models');
  const file = join(folder, `${name}.onnx`);
  return existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
}

/** A table of numbers beside the models: its columns by their names. */
export function columnsOfCsv(name: string): ReadonlyMap<string, Float64Array> {
  const [header = '', ...lines] = readFileSync(join(FOLDER, 'models', name), 'utf8')
    .trim()
    .split('\n');
  const cells = lines.map((line) => line.split(',').map(Number));
  return new Map(
    header.split(',').map((column, i) => [column, Float64Array.from(cells, (row) => row[i] as number)]),
  );
}

/** All rows, as the original libraries were given them. */
export function allRows(): Matrix {
  const columns = [...columnsOfCsv('rows.csv').values()];
  const rows = columns[0]?.length ?? 0;
  const values = Float64Array.from(
    { length: rows * WIDTH },
    (_, i) => columns[i % WIDTH]?.[Math.floor(i / WIDTH)] as number,
  );
  return { values, rows, width: WIDTH };
}

export function trainingRows(): Matrix {
  const { values } = allRows();
  return { values: values.slice(0, TRAINING_ROWS * WIDTH), rows: TRAINING_ROWS, width: WIDTH };
}

/** What a user writes beside `type: onnx`, checked and complete. */
export function onnxConfig(written: Readonly<Record<string, unknown>> = {}): JudgeConfig {
  return { kind: onnx, options: onnx.options.parse(written), model: null, threshold: null };
}

/** Imports a model as `outrider train --import` does. */
export function importModel(
  name: string,
  bytes: Uint8Array | null,
  written: Readonly<Record<string, unknown>> = {},
  data: Matrix = trainingRows(),
): Promise<TrainedModel> {
  const features = Array.from({ length: data.width }, (_, i) => `f${i}`);
  return trainModel(
    {
      kind: onnx,
      options: onnxConfig(written).options,
      features,
      definitions: features,
      data,
      source: 'rows.csv',
      rejected: 0,
      rowsPerDay: null,
      name,
      threshold: null,
      imported: bytes === null ? null : { name: `${name}.onnx`, bytes },
    },
    () => 0,
    new AbortController().signal,
  );
}
