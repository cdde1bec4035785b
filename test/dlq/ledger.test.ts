import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ledger, type LetterState, PAGE_LETTERS } from '../../src/dlq/ledger.js';
import { pageRecord, readEntry } from '../../src/dlq/ledger-record.js';

const AT = { topic: 'orders.dlt', partition: 3 };
const TO = { topic: 'watch.redriven', partition: 0 };
const timeOf = (offset: number): number => 1_700_000_000_000 + offset;
const states: Exclude<LetterState, 'waiting'>[] = ['redriven', 'parked', 'failed-again'];

/** What another process reads of what this one wrote. */
function reread(pages: ReturnType<Ledger['takeTouched']>, into = new Ledger()): Ledger {
  for (const page of pages) {
    const { key, value } = pageRecord(TO, AT, page);
    const entry = readEntry(key, value);
    assert.deepEqual(entry?.of, AT);
    assert.ok(entry.page !== null);
    into.restore(entry.page);
  }
  return into;
}

test('the ledger says of every letter what was last said of it, here and where it is read again', () => {
  const marks = fc.array(
    fc.record({ offset: fc.integer({ min: 0, max: 4 * PAGE_LETTERS }), state: fc.constantFrom(...states) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(marks, marks, (first, second) => {
      const ledger = new Ledger();
      const copy = new Ledger();
      const expected = new Map<number, LetterState>();
      for (const part of [first, second]) {
        for (const { offset, state } of part) {
          ledger.mark(offset, timeOf(offset), state);
          expected.set(offset, state);
        }
        reread(ledger.takeTouched(), copy);
      }
      assert.equal(ledger.takeTouched().length, 0);
      for (const offset of [...expected.keys(), 1, PAGE_LETTERS, 3 * PAGE_LETTERS].sort((a, b) => a - b)) {
        assert.equal(ledger.stateOf(offset, timeOf(offset)), expected.get(offset) ?? 'waiting');
        assert.equal(copy.stateOf(offset, timeOf(offset)), expected.get(offset) ?? 'waiting');
      }
    }),
  );
});

test('a topic that was deleted and made again starts anew: the ledger is about other letters', () => {
  const before = new Ledger();
  for (let offset = 5; offset < 100; offset++) before.mark(offset, timeOf(offset), 'redriven');
  const voided: number[] = [];
  const after = reread(before.takeTouched(), new Ledger(({ firstOffset }) => voided.push(firstOffset)));
  const laterTime = (offset: number): number => timeOf(offset) + 60_000;
  for (let offset = 0; offset < 100; offset++)
    assert.equal(after.stateOf(offset, laterTime(offset)), 'waiting');
  assert.deepEqual(voided, [0]);
});

test('what retention has deleted is forgotten', () => {
  const ledger = new Ledger();
  for (const page of [0, 1, 2]) ledger.mark(page * PAGE_LETTERS + 7, timeOf(7), 'parked');
  assert.deepEqual(ledger.dropBelow(2 * PAGE_LETTERS + 1), [0, PAGE_LETTERS]);
  assert.equal(ledger.stateOf(2 * PAGE_LETTERS + 7, timeOf(7)), 'parked');
  assert.equal(ledger.stateOf(7, timeOf(7)), 'waiting');
});
