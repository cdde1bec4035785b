import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import avro, { type Schema, type Type } from 'avsc';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { seededRandom } from '../../src/detect/random.js';
import { type Finished, outrider } from './outrider.js';
import { EVENT_SCHEMA, type Scenario, type TestRecord } from './scenario.js';

/** The schema that producers went over to without telling anybody: a field more, another one wider. */
export const LATER_SCHEMA = {
  ...EVENT_SCHEMA,
  fields: [...EVENT_SCHEMA.fields, { name: 'firmware', type: 'string' }],
} as const;
const later: Type = avro.Type.forSchema(LATER_SCHEMA as unknown as Schema);
const laterHeader = singleObjectHeader(later);

/** Events of the later schema, dealt out to the partitions by id, every hundredth broken for good. */
export async function produceLater(scenario: Scenario, from: number, to: number): Promise<void> {
  const random = seededRandom(from + 1);
  const records: TestRecord[] = [];
  for (let id = from; id < to; id++) {
    const event = { ...scenario.event(id, random), at: 1_700_000_000_000 + id, firmware: '2.0' };
    const whole = Buffer.concat([laterHeader, later.toBuffer(event)]);
    records.push({
      partition: id % scenario.partitions,
      key: event.entity,
      value: id % 100 === 99 ? whole.subarray(0, whole.length - 2) : whole,
      headers: [['n', Buffer.from(String(id))]],
    });
  }
  await scenario.write(records);
}

/** Somebody puts the schema where the fleet finds it. */
export function learnLaterSchema(scenario: Scenario): void {
  writeFileSync(join(scenario.folder, 'event-later.avsc'), JSON.stringify(LATER_SCHEMA));
}

/** A fleet of one up to the end of the topic. */
export async function runToEnd(file: string): Promise<Finished> {
  const finished = await outrider([
    'run',
    '--config',
    file,
    '--workers',
    '1',
    '--stop-at-end',
    '--log-level',
    'warn',
  ]);
  assert.equal(finished.code, 0, finished.stderr);
  return finished;
}

export interface RedriveSummary {
  readonly read: number;
  readonly taken: number;
  readonly anomalies: number;
  readonly normal: number;
  readonly sent: number;
  readonly failedAgain: number;
  readonly parked: number;
  readonly unusable: number;
  readonly passedOver: {
    readonly done: number;
    readonly notMatching: number;
    readonly others: number;
    readonly cut: number;
  };
  readonly dryRun: boolean;
}

/** `outrider dlq …`, with what it says as JSON. */
export async function dlq(
  command: 'redrive' | 'park',
  file: string,
  ...flags: string[]
): Promise<RedriveSummary> {
  const { code, stdout, stderr } = await outrider(['dlq', command, '--config', file, '--json', ...flags]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as RedriveSummary;
}

export async function dlqLines(
  command: 'list' | 'show',
  file: string,
  ...flags: string[]
): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await outrider(['dlq', command, '--config', file, '--json', ...flags]);
  assert.equal(code, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
