import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro, { type Schema } from 'avsc';
import { packageRoot } from '../../src/package-root.js';
import type { Names } from '../fleet/configuration.js';
import type { Event, Kind } from '../workload/events.js';
import { expectedHeader } from './avro-header.js';
import type { ReadRecord } from './reading.js';

/** What an output record says, of which event. */
export interface Verdict {
  readonly kind: Kind;
  readonly source: Source;
  /** The first field that contradicts the others, or that is not as it has to be for every event; else null. */
  readonly fault: string | null;
  /** The first field that is wrong when the verdict is about this event; else null. */
  faultFor(event: Event): string | null;
}

/** Where an event stands. */
export interface Source {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

interface Anomaly extends Source {
  readonly id: string;
  readonly entity: string | null;
  readonly score: number;
  readonly threshold: number;
  readonly detector: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly features: readonly {
    readonly name: string;
    readonly value: number;
    readonly contribution: number;
  }[];
  readonly event: Buffer;
  readonly runId: string | null;
  readonly retracted: boolean;
}

const anomalyType = avro.Type.forSchema(
  JSON.parse(readFileSync(join(packageRoot(), 'schemas', 'anomaly.avsc'), 'utf8')) as Schema,
);
const HEADER = expectedHeader(anomalyType);
const ID_DIGITS = 32;

/** `topic/partition/offset` */
export function placeText({ topic, partition, offset }: Source): string {
  return `${topic}/${partition}/${offset}`;
}

/** @returns text that says what is wrong for a record that is no verdict at all */
export function verdictOf(record: ReadRecord, names: Names): Verdict | string {
  return record.topic === names.deadLetters ? deadLetterOf(record, names) : anomalyOf(record);
}

function deadLetterOf({ headers, value }: ReadRecord, names: Names): Verdict | string {
  const at = (name: string): string | null => headers.get(`__dlq.errors.${name}`) ?? null;
  const [topic, partition, offset] = [at('topic'), at('partition'), at('offset')];
  if (topic === null || partition === null || offset === null) return 'the headers do not say of which event';
  return {
    kind: 'undecodable',
    source: { topic, partition: Number(partition), offset: Number(offset) },
    fault: firstWrong([
      ['group', at('group'), names.group],
      ['truncated', at('truncated'), null],
    ]),
    faultFor: ({ bytes, reason }) =>
      firstWrong([
        ['value', value, bytes.toString('base64')],
        ['reason', at('reason'), reason],
      ]),
  };
}

function anomalyOf({ headers, value }: ReadRecord): Verdict | string {
  const bytes = Buffer.from(value ?? '', 'base64');
  const header = bytes.subarray(0, HEADER.length).toString('hex');
  if (header !== HEADER.toString('hex'))
    return `single-object header: ${header} instead of ${HEADER.toString('hex')}`;
  const anomaly = anomalyIn(bytes.subarray(HEADER.length));
  if (anomaly === null) return 'the body is no anomaly';
  const { model, modelVersion, id } = anomaly;
  const source = placeText(anomaly);
  const digest = createHash('sha256').update(`${source}/${model}@${modelVersion}`).digest('hex');
  return {
    kind: 'anomalous',
    source: anomaly,
    fault: firstWrong([
      ['id', id, digest.slice(0, ID_DIGITS)],
      ['header outrider-id', headers.get('outrider-id'), id],
      ['header outrider-source', headers.get('outrider-source'), source],
      ['score', anomaly.score, 1],
      ['threshold', anomaly.threshold, 1],
      ['detector', anomaly.detector, 'threshold'],
      ['retracted', anomaly.retracted, false],
      ['runId', anomaly.runId, null],
    ]),
    faultFor: (event) =>
      firstWrong([
        ['event', anomaly.event.toString('base64'), event.bytes.toString('base64')],
        ['entity', anomaly.entity, event.entity],
        ['features', featuresText(anomaly.features), `value=${event.value}, contribution 1`],
      ]),
  };
}

/** @returns null for bytes that avsc cannot read, or that go on behind the anomaly */
function anomalyIn(body: Buffer): Anomaly | null {
  try {
    return anomalyType.fromBuffer(body) as Anomaly;
  } catch {
    return null;
  }
}

function featuresText(features: Anomaly['features']): string {
  return features
    .map(({ name, value, contribution }) => `${name}=${value}, contribution ${contribution}`)
    .join('; ');
}

function firstWrong(fields: readonly (readonly [name: string, is: unknown, due: unknown])[]): string | null {
  const wrong = fields.find(([, is, due]) => is !== due);
  return wrong === undefined ? null : `${wrong[0]}: ${String(wrong[1])} instead of ${String(wrong[2])}`;
}
