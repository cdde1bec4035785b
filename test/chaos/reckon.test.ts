/** The chaos suite's oracle: each thing that can be wrong with a run makes its own count, and no other, non-zero. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAMES } from '../../chaos/fleet/configuration.js';
import { expectedHeader } from '../../chaos/verdict/avro-header.js';
import type { ReadRecord } from '../../chaos/verdict/reading.js';
import { type ReckonedFaults, reckon } from '../../chaos/verdict/reckon.js';
import { type Event, EventSource } from '../../chaos/workload/events.js';
import { Ledger } from '../../chaos/workload/ledger.js';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import { seededRandom } from '../../src/detect/random.js';
import { anomalyId, anomalyType, decodeAnomaly, encodeAnomaly } from '../../src/publish/anomaly-record.js';

const PARTITIONS = 3;
const MODEL = { detector: 'threshold', name: 'threshold', version: '01234567' };
const HEADER = singleObjectHeader(anomalyType());

type Anomaly = ReturnType<typeof decodeAnomaly>;

/** A run in memory in which everything went well; a test spoils one thing of it. */
interface Run {
  readonly ledger: Ledger;
  input: ReadRecord[];
  output: ReadRecord[];
  live: ReadRecord[];
}

function goodRun(): Run {
  const ledger = new Ledger();
  const source = new EventSource(PARTITIONS, seededRandom(7));
  const input: ReadRecord[] = [];
  const output: ReadRecord[] = [];
  const next = new Map<string, number>();
  const offsetIn = (line: string): number => {
    const offset = next.get(line) ?? 0;
    next.set(line, offset + 1);
    return offset;
  };
  for (let i = 0; i < 400; i++) {
    const event = source.event(0.1);
    const { partition } = event;
    const offset = offsetIn(`${NAMES.input}/${partition}`);
    ledger.sent(event);
    ledger.acknowledged(event.id, partition, offset);
    input.push(record(NAMES.input, partition, offset, event.bytes));
    if (event.kind === 'normal') continue;
    const topic = event.kind === 'anomalous' ? NAMES.anomalies : NAMES.deadLetters;
    const at = { topic, partition, offset: offsetIn(`${topic}/${partition}`) };
    output.push(event.kind === 'anomalous' ? anomaly(at, event, offset) : deadLetter(at, event, offset));
  }
  return { ledger, input, output, live: [...output] };
}

function record(
  topic: string,
  partition: number,
  offset: number,
  value: Buffer,
  headers: Readonly<Record<string, string>> = {},
): ReadRecord {
  return {
    topic,
    partition,
    offset,
    value: value.toString('base64'),
    headers: new Map(Object.entries(headers)),
  };
}

type At = Pick<ReadRecord, 'topic' | 'partition' | 'offset'>;

function anomaly({ topic, partition, offset }: At, event: Event, sourceOffset: number): ReadRecord {
  const id = anomalyId(NAMES.input, event.partition, sourceOffset, MODEL);
  const value = encodeAnomaly(
    {
      id,
      topic: NAMES.input,
      partition: event.partition,
      offset: sourceOffset,
      entity: event.entity,
      eventTime: 1,
      detectedAt: 2,
      score: 1,
      threshold: 1,
      detector: MODEL.detector,
      model: MODEL.name,
      modelVersion: MODEL.version,
      features: [{ name: 'value', value: event.value, contribution: 1, expected: null }],
      event: event.bytes,
      runId: null,
      retracted: false,
    },
    HEADER,
  );
  const source = `${NAMES.input}/${event.partition}/${sourceOffset}`;
  return record(topic, partition, offset, value, { 'outrider-id': id, 'outrider-source': source });
}

function deadLetter({ topic, partition, offset }: At, event: Event, sourceOffset: number): ReadRecord {
  return record(topic, partition, offset, event.bytes, {
    '__dlq.errors.topic': NAMES.input,
    '__dlq.errors.partition': String(event.partition),
    '__dlq.errors.offset': String(sourceOffset),
    '__dlq.errors.group': NAMES.group,
    '__dlq.errors.reason': event.reason ?? '',
  });
}

/** Runs the oracle over a run that `spoil` has changed. @returns the counts that are not zero, and the examples */
function spoilt(spoil: (run: Run) => void): { counts: Partial<ReckonedFaults>; text: string } {
  const run = goodRun();
  spoil(run);
  const { faults, examples } = reckon(run.ledger, NAMES, PARTITIONS, run);
  const counts = Object.fromEntries(Object.entries(faults).filter(([, count]) => count !== 0));
  return { counts, text: examples.join('\n') };
}

/** Spoils the output as everybody reads it: what was read live is the same. */
function spoiltOutput(spoil: (output: ReadRecord[], run: Run) => ReadRecord[]): ReturnType<typeof spoilt> {
  return spoilt((run) => {
    run.output = spoil(run.output, run);
    run.live = [...run.output].sort((a, b) => a.offset - b.offset);
  });
}

function indexOf(output: readonly ReadRecord[], topic: string): number {
  return output.findIndex((one) => one.topic === topic && one.offset > 0);
}

/** A record of this topic with something else in it. */
function changed(topic: string, change: (one: ReadRecord) => Partial<ReadRecord>): ReturnType<typeof spoilt> {
  return spoiltOutput((output) => {
    const at = indexOf(output, topic);
    return output.map((one, i) => (i === at ? { ...one, ...change(one) } : one));
  });
}

function changedAnomaly(change: (anomaly: Anomaly) => Partial<Anomaly>): ReturnType<typeof spoilt> {
  return changed(NAMES.anomalies, ({ value }) => {
    const before = decodeAnomaly(Buffer.from(value ?? '', 'base64'));
    return { value: encodeAnomaly({ ...before, ...change(before) }, HEADER).toString('base64') };
  });
}

function changedHeader(topic: string, name: string, text: string): ReturnType<typeof spoilt> {
  return changed(topic, ({ headers }) => ({ headers: new Map([...headers, [name, text]]) }));
}

/** Two records of one output partition that change places. */
function swapped(isPair: (first: ReadRecord, second: ReadRecord) => boolean): ReturnType<typeof spoilt> {
  return spoiltOutput((output) => {
    for (const first of output) {
      const second = output.find(
        (one) =>
          one.topic === NAMES.anomalies &&
          one.topic === first.topic &&
          one.partition === first.partition &&
          one.offset === first.offset + 1,
      );
      if (second === undefined || !isPair(first, second)) continue;
      return output.map((one) =>
        one === first
          ? { ...first, offset: second.offset }
          : one === second
            ? { ...second, offset: first.offset }
            : one,
      );
    }
    return assert.fail('there is no such pair');
  });
}

function entityOf({ value }: ReadRecord): string | null {
  return decodeAnomaly(Buffer.from(value ?? '', 'base64')).entity;
}

test('a run in which everything went well has no faults', () => {
  const run = goodRun();
  const { faults, expected, found, acknowledged } = reckon(run.ledger, NAMES, PARTITIONS, run);
  assert.ok(Object.values(faults).every((count) => count === 0));
  assert.ok(expected > 100);
  assert.equal(found, expected);
  assert.equal(acknowledged, 400);
});

test('the header that is expected is the one that Outrider computes', () => {
  assert.deepEqual(expectedHeader(anomalyType()), HEADER);
});

test('a record that is not there is missing', () => {
  const { counts, text } = spoiltOutput((output) => output.slice(0, -1));
  assert.deepEqual(counts, { missing: 1 });
  assert.match(text, /there is no word of it/);
});

test('a record that is there again is a duplicate', () => {
  const { counts, text } = spoiltOutput((output) => {
    const again = output[5] as ReadRecord;
    return [...output, { ...again, offset: 10_000 }];
  });
  assert.deepEqual(counts, { duplicates: 1 });
  assert.match(text, /for the 2\. time/);
});

test('two records of one entity in the wrong order are inversions of partition and entity', () => {
  const { counts } = swapped((a, b) => entityOf(a) === entityOf(b));
  assert.deepEqual(counts, { orderInversions: 1, entityInversions: 1 });
});

test('two records of a partition in the wrong order are an inversion of the partition alone', () => {
  const { counts } = swapped((a, b) => entityOf(a) !== entityOf(b));
  assert.deepEqual(counts, { orderInversions: 1 });
});

test('a record in another partition than that of its source is unexpected', () => {
  const { counts, text } = changed(NAMES.anomalies, ({ partition }) => ({
    partition: (partition + 1) % PARTITIONS,
    offset: 10_000,
  }));
  assert.deepEqual(counts, { unexpected: 1 });
  assert.match(text, /output partition: \d instead of \d/);
});

const WRONG_FIELDS: readonly [field: string, change: (anomaly: Anomaly) => Partial<Anomaly>][] = [
  ['score', () => ({ score: 0.5 })],
  ['threshold', () => ({ threshold: 0.9 })],
  ['id', ({ id }) => ({ id: id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })],
  ['id', () => ({ modelVersion: '00000000' })],
  ['detector', () => ({ detector: 'isolation-forest' })],
  ['retracted', () => ({ retracted: true })],
  ['runId', () => ({ runId: 'replay' })],
  ['entity', () => ({ entity: 'entity-x' })],
  ['event', ({ event }) => ({ event: Buffer.concat([event, Buffer.alloc(1)]) })],
  ['features', ({ features }) => ({ features: features.map((one) => ({ ...one, contribution: 0.5 })) })],
];

for (const [field, change] of WRONG_FIELDS) {
  test(`an anomaly with a wrong ${field} is unexpected (${String(change)})`, () => {
    const { counts, text } = changedAnomaly(change);
    assert.deepEqual(counts, { unexpected: 1 });
    assert.match(text, new RegExp(`: ${field}: .* instead of `));
  });
}

test('an anomaly of an event that is none, or is not there, is unexpected and the other is missing', () => {
  const { counts, text } = changedAnomaly(() => ({ offset: 9_999 }));
  assert.deepEqual(counts, { missing: 1, unexpected: 1 });
  assert.match(text, /no verdict is due/);
});

test('a value with another header, or that is no anomaly, is unexpected', () => {
  const wrong = changed(NAMES.anomalies, ({ value }) => {
    const bytes = Buffer.from(value ?? '', 'base64');
    bytes[4] = (bytes[4] ?? 0) ^ 1;
    return { value: bytes.toString('base64') };
  });
  assert.deepEqual(wrong.counts, { missing: 1, unexpected: 1 });
  assert.match(wrong.text, /single-object header: c301/);
  const more = changed(NAMES.anomalies, ({ value }) => ({
    value: Buffer.concat([Buffer.from(value ?? '', 'base64'), Buffer.alloc(1)]).toString('base64'),
  }));
  assert.deepEqual(more.counts, { missing: 1, unexpected: 1 });
  assert.match(more.text, /the body is no anomaly/);
});

for (const name of ['outrider-id', 'outrider-source']) {
  test(`an anomaly whose header ${name} is wrong is unexpected`, () => {
    const { counts, text } = changedHeader(NAMES.anomalies, name, 'else');
    assert.deepEqual(counts, { unexpected: 1 });
    assert.match(text, new RegExp(`header ${name}: else instead of`));
  });
}

test('a dead letter with other bytes, or another reason or group, is unexpected', () => {
  const value = changed(NAMES.deadLetters, () => ({ value: Buffer.from('else').toString('base64') }));
  assert.deepEqual(value.counts, { unexpected: 1 });
  assert.match(value.text, /: value: .* instead of/);
  const reason = changed(NAMES.deadLetters, ({ headers }) => {
    const was = headers.get('__dlq.errors.reason');
    const other = was === 'undecodable' ? 'unknown-schema' : 'undecodable';
    return { headers: new Map([...headers, ['__dlq.errors.reason', other]]) };
  });
  assert.deepEqual(reason.counts, { unexpected: 1 });
  assert.match(reason.text, /: reason: .* instead of/);
  const group = changedHeader(NAMES.deadLetters, '__dlq.errors.group', 'else');
  assert.deepEqual(group.counts, { unexpected: 1 });
});

test('a dead letter for an event that is anomalous is unexpected', () => {
  const { counts, text } = spoiltOutput((output) => {
    const at = indexOf(output, NAMES.anomalies);
    const one = output[at] as ReadRecord;
    const found = decodeAnomaly(Buffer.from(one.value ?? '', 'base64'));
    const letter = record(NAMES.deadLetters, one.partition, 10_000, found.event, {
      '__dlq.errors.topic': NAMES.input,
      '__dlq.errors.partition': String(found.partition),
      '__dlq.errors.offset': String(found.offset),
      '__dlq.errors.group': NAMES.group,
      '__dlq.errors.reason': 'undecodable',
    });
    return output.map((record_, i) => (i === at ? letter : record_));
  });
  assert.deepEqual(counts, { unexpected: 1 });
  assert.match(text, /the event is anomalous/);
});

test('a record that was read live and is not among the committed ones was aborted', () => {
  const { counts } = spoilt(({ live }) => {
    const last = live.at(-1) as ReadRecord;
    live.push({ ...last, offset: 10_000 });
  });
  assert.deepEqual(counts, { abortedReads: 1 });
});

test('a record that was read live with another value was aborted', () => {
  const { counts } = spoilt(({ live }) => {
    live[3] = { ...(live[3] as ReadRecord), value: 'AAAA' };
  });
  assert.deepEqual(counts, { abortedReads: 1 });
});

test('a record that is given to the live reader again, or late, is a repeat', () => {
  const again = spoilt(({ live }) => void live.push(live.at(-1) as ReadRecord));
  assert.deepEqual(again.counts, { liveRepeats: 1 });
  const late = spoilt((run) => {
    const [first] = run.live;
    run.live = [...run.live.slice(1), first as ReadRecord];
  });
  assert.deepEqual(late.counts, { liveRepeats: 1 });
});

test('a committed record that the live reader was never given is missing there', () => {
  const { counts } = spoilt(({ live }) => void live.splice(4, 1));
  assert.deepEqual(counts, { liveMissing: 1 });
});

test('an event that was acknowledged and is not in the input is lost, and so is its verdict not due', () => {
  const { counts, text } = spoilt((run) => {
    const normal = [...run.ledger.all()].find(({ event }) => event.kind === 'normal')?.event;
    run.input = run.input.filter(({ value }) => value !== normal?.bytes.toString('base64'));
  });
  assert.deepEqual(counts, { acknowledgedLost: 1 });
  assert.match(text, /was acknowledged there and is not/);
});

test('a record in the input that nobody sent, or that was sent once and is there twice, is foreign', () => {
  const foreign = spoilt(({ input }) => void input.push(record(NAMES.input, 0, 10_000, Buffer.from('else'))));
  assert.deepEqual(foreign.counts, { inputForeign: 1 });
  const twice = spoilt(({ input, ledger }) => {
    const normal = [...ledger.all()].find(({ event }) => event.kind === 'normal')?.event as Event;
    input.push(record(NAMES.input, normal.partition, 10_000, normal.bytes));
  });
  assert.deepEqual(twice.counts, { inputForeign: 1 });
});

test('an event without an answer may be written or not; its verdict is due when it is', () => {
  const run = goodRun();
  const ledger = new Ledger();
  const [unknown] = [...run.ledger.all()];
  for (const { event, place } of run.ledger.all()) {
    ledger.sent(event);
    if (event !== unknown?.event && place !== null)
      ledger.acknowledged(event.id, place.partition, place.offset);
  }
  const reckoning = reckon(ledger, NAMES, PARTITIONS, run);
  assert.equal(reckoning.unknown, 1);
  assert.equal(reckoning.unknownWritten, 1);
  assert.ok(Object.values(reckoning.faults).every((count) => count === 0));
});
