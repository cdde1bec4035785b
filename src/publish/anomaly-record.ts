import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro, { type Schema, type Type } from 'avsc';
import type { ModelIdentity } from '../model.js';
import { packageRoot } from '../package-root.js';

/** An anomaly as it stands on the output topic: `schemas/anomaly.avsc`. Times in Unix ms. */
export interface Anomaly {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly entity: string | null;
  readonly eventTime: number;
  readonly detectedAt: number;
  /** In [0, 1]; higher is stranger. */
  readonly score: number;
  readonly threshold: number;
  readonly detector: string;
  readonly model: string;
  readonly modelVersion: string;
  /** Largest contribution first; the contributions sum to 1. */
  readonly features: readonly {
    readonly name: string;
    readonly value: number;
    readonly contribution: number;
    /** The range in which the detector would have expected the value; both ends are the same for a single value. */
    readonly expected: { readonly low: number; readonly high: number } | null;
  }[];
  /** The event's value as it was on the topic. */
  readonly event: Buffer;
  readonly runId: string | null;
  readonly retracted: boolean;
}

let loaded: { readonly type: Type; readonly text: string } | null = null;

function anomalySchema(): { readonly type: Type; readonly text: string } {
  if (loaded === null) {
    const text = readFileSync(join(packageRoot(), 'schemas', 'anomaly.avsc'), 'utf8');
    loaded = { type: avro.Type.forSchema(JSON.parse(text) as Schema), text };
  }
  return loaded;
}

export function anomalyType(): Type {
  return anomalySchema().type;
}

/** The schema as it is registered. */
export function anomalySchemaText(): string {
  return anomalySchema().text;
}

/**
 * The id of a verdict: the same event under the same model has the same id in every run.
 * @returns 32 hex digits
 */
export function anomalyId(
  topic: string,
  partition: number,
  offset: number | string,
  { name, version }: ModelIdentity,
): string {
  return createHash('sha256')
    .update(`${topic}/${partition}/${offset}/${name}@${version}`, 'utf8')
    .digest('hex')
    .slice(0, 32);
}

/** @param frame what stands before the body: the single-object header, or Confluent's magic byte and schema id */
export function encodeAnomaly(anomaly: Anomaly, frame: Buffer): Buffer {
  return Buffer.concat([frame, anomalyType().toBuffer(anomaly)]);
}

/** @throws Error of avsc's when the bytes are no anomaly */
export function decodeAnomaly(value: Buffer): Anomaly {
  const bodyOffset = value[0] === 0xc3 ? 10 : 5;
  const type = anomalyType();
  return type.fromBuffer(value.subarray(bodyOffset)) as Anomaly;
}

/** Confluent's wire format: byte 0 and the schema id, big-endian. */
export function confluentFrame(schemaId: number): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeInt32BE(schemaId, 1);
  return frame;
}
