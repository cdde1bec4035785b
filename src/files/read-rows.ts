import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import avro from 'avsc';
import { parse as parseCsv } from 'csv-parse';
import { UnusableFileError, fileFaultOf, messageOf } from '../errors.js';

/** A row by column name: text from CSV, JSON values from JSON lines and Avro. */
export type Row = Readonly<Record<string, unknown>>;

export type DataFormat = 'csv' | 'jsonl' | 'avro';

/** By its name: `.csv`, `.jsonl`, `.ndjson`, `.json`, `.avro`, the first four also with `.gz`. @throws UnusableFileError */
export function formatOf(file: string): DataFormat {
  const match = /\.(csv|jsonl|ndjson|json|avro)(\.gz)?$/i.exec(file);
  const extension = match?.[1]?.toLowerCase();
  if (extension === undefined)
    throw new UnusableFileError(
      `${file}: the name tells no format; use .csv, .jsonl or .avro (.gz for the first two)`,
    );
  return extension === 'csv' || extension === 'avro' ? extension : 'jsonl';
}

/** Rows of a file, one after the other. @throws UnusableFileError naming the file and the line */
export async function* readRows(file: string): AsyncGenerator<Row> {
  if (formatOf(file) === 'avro') yield* explained(file, avroRows(file));
  else for await (const { row } of readLines(file)) yield row;
}

/**
 * Rows of a file of text, and the line on which each ends; the first is 1.
 * @throws UnusableFileError naming the file and the line
 */
export async function* readLines(file: string): AsyncGenerator<{ readonly row: Row; readonly line: number }> {
  yield* explained(file, formatOf(file) === 'csv' ? csvRows(open(file)) : jsonRows(open(file)));
}

async function* explained<T>(file: string, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (cause) {
    if (cause instanceof UnusableFileError) throw cause;
    throw new UnusableFileError(`${file}: ${fileFaultOf(cause)}`, { cause });
  }
}

function open(file: string): Readable {
  const stream = createReadStream(file);
  if (!file.endsWith('.gz')) return stream;
  const unzipped = createGunzip();
  stream.on('error', (error) => unzipped.destroy(error));
  return stream.pipe(unzipped);
}

interface Line {
  readonly row: Row;
  readonly line: number;
}

async function* csvRows(stream: Readable): AsyncGenerator<Line> {
  const parser = parseCsv({
    columns: true,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: false,
    info: true,
  });
  stream.on('error', (error) => parser.destroy(error));
  for await (const { record, info } of stream.pipe(parser) as AsyncIterable<{
    record: Row;
    info: { lines: number };
  }>)
    yield { row: record, line: info.lines };
}

async function* jsonRows(stream: Readable): AsyncGenerator<Line> {
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  let failure: Error | null = null;
  stream.on('error', (error: Error) => {
    failure = error;
    lines.close();
  });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (cause) {
      throw new Error(`line ${number}: ${messageOf(cause)}`, { cause });
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw new Error(`line ${number}: not a JSON object`);
    yield { row: row as Row, line: number };
  }
  if (failure !== null) throw failure as Error;
}

async function* avroRows(file: string): AsyncGenerator<Row> {
  const decoder = avro.createFileDecoder(file);
  for await (const row of decoder as unknown as AsyncIterable<unknown>) {
    if (typeof row !== 'object' || row === null) throw new Error('the file does not hold records');
    yield row as Row;
  }
}
