import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderList } from '../../src/model.js';
import { dlq, learnLaterSchema, produceLater, runToEnd } from '../support/dead-letters.js';
import { Outrider, outrider } from '../support/outrider.js';
import { type Output, Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

/** Verdicts but for when they were made, as text. */
const verdictsOf = ({ anomalies }: Output): string[] =>
  anomalies.map(({ detectedAt: _when, ...anomaly }) => JSON.stringify(anomaly)).sort();

const text = (headers: HeaderList, name: string): string | undefined =>
  headers.findLast(([other]) => other === `__dlq.errors.${name}`)?.[1]?.toString();

test('once the schema is there, a redrive that is killed again and again brings each event in exactly once', async () => {
  const events = 60_000;
  await using scenario = await Scenario.create();
  await scenario.train();
  await produceLater(scenario, 0, events);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  const before = await scenario.read(live);
  assert.deepEqual([before.anomalies.length, before.deadLetters.length], [0, events]);
  assert.ok(before.deadLetters.every(({ headers }) => text(headers, 'reason') === 'unknown-schema'));
  learnLaterSchema(scenario);

  const ledger = `${live.group}.redriven`;
  const ledgerEnd = async (): Promise<number> => {
    if (!(await scenario.admin.partitionCounts([ledger])).has(ledger)) return 0;
    return [...(await scenario.admin.ends(ledger)).values()].reduce((sum, end) => sum + end, 0);
  };
  for (let killed = 0; killed < 3; killed++) {
    const start = await ledgerEnd();
    await using process = new Outrider(['dlq', 'redrive', '--config', live.file]);
    // Four marks with their markers, then pages: it is in the middle of it.
    await until(
      'a redrive has committed something',
      60_000,
      async () => (await ledgerEnd()) > start + 8 + killed,
    );
    process.kill('SIGKILL');
  }
  const rest = await dlq('redrive', live.file);
  assert.ok(rest.passedOver.done > 0, 'nothing was left of those that were killed');
  assert.ok(rest.taken > 0, 'there was nothing left for the last');

  // What a fleet that had known the schema would have written.
  const known = await scenario.configure('known');
  await runToEnd(known.file);
  const [after, expected] = [await scenario.read(live), await scenario.read(known)];
  assert.deepEqual(verdictsOf(after), verdictsOf(expected));
  assert.ok(after.anomalies.length > 1000);
  const again = after.deadLetters.filter(({ headers }) => text(headers, 'attempts') === '2');
  assert.equal(again.length, events / 100);
  assert.ok(again.every(({ headers }) => text(headers, 'reason') === 'undecodable'));
  const placesOf = (letters: Output['deadLetters']): string[] =>
    letters
      .map(({ key, value, headers }) =>
        [text(headers, 'partition'), text(headers, 'offset'), key, value?.toString('hex')].join(' '),
      )
      .sort();
  assert.deepEqual(placesOf(again), placesOf(expected.deadLetters));

  const idle = await dlq('redrive', live.file, '--reason', 'unknown-schema');
  assert.equal(idle.taken, 0);
  assert.ok(idle.passedOver.done >= events);
  await scenario.admin.deleteTopics([ledger, `${live.deadLetters}.parked`]);
});

test('a dry run says the same and writes nothing; limit, entity and time choose; what fails too often is parked', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await produceLater(scenario, 0, 200);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  const parking = `${live.deadLetters}.parked`;
  const internal = [`${live.group}.redriven`, parking];

  const dry = await dlq('redrive', live.file, '--dry-run');
  assert.deepEqual([dry.dryRun, dry.taken, dry.failedAgain], [true, 200, 200]);
  assert.equal((await scenario.admin.partitionCounts(internal)).size, 0);
  assert.equal((await scenario.read(live)).deadLetters.length, 200);

  // Nobody has mended anything: the same letters, tried once more.
  const vain = await dlq('redrive', live.file, '--limit', '30', '--max-attempts', '3');
  assert.deepEqual([vain.taken, vain.failedAgain, vain.parked], [30, 30, 0]);
  const parked = await dlq('redrive', live.file, '--limit', '200', '--max-attempts', '2');
  assert.deepEqual([parked.taken, parked.failedAgain, parked.parked], [200, 0, 200]);
  // Whoever redrives what is parked wants it tried, however often it was.
  const again = await dlq('redrive', live.file, '--topic', parking, '--max-attempts', '2');
  assert.deepEqual([again.taken, again.failedAgain, again.parked], [200, 200, 0]);
  learnLaterSchema(scenario);
  const none = await dlq('redrive', live.file);
  assert.deepEqual([none.taken, none.passedOver.done], [0, 230]);
  const later = await dlq('redrive', live.file, '--topic', parking, '--to', '2020-01-01');
  assert.equal(later.read, 0);
  const one = await dlq('redrive', live.file, '--topic', parking, '--entity', 'e7');
  assert.deepEqual([one.taken, one.passedOver.notMatching, one.passedOver.done], [4, 196, 200]);
  const all = await dlq('redrive', live.file, '--topic', parking);
  assert.deepEqual([all.taken, all.passedOver.done], [196, 204]);

  const known = await scenario.configure('known');
  await runToEnd(known.file);
  assert.deepEqual(verdictsOf(await scenario.read(live)), verdictsOf(await scenario.read(known)));
  await scenario.admin.deleteTopics(internal);
});

test('into the source: a new event, which the fleet scores with the time that it had; attempts are counted on', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await produceLater(scenario, 0, 100);
  // The event time is the record's own.
  const input = { topic: scenario.name, schema: 'event.avsc', startAt: 'earliest', entity: 'entity' };
  const live = await scenario.configure('live', { input });
  await runToEnd(live.file);
  const back = await dlq('redrive', live.file, '--into', 'source');
  assert.deepEqual([back.taken, back.sent], [100, 100]);
  await runToEnd(live.file);
  const twice = (await scenario.read(live)).deadLetters.filter(
    ({ headers }) => text(headers, 'attempts') === '2',
  );
  assert.equal(twice.length, 100);
  learnLaterSchema(scenario);
  const mended = await dlq('redrive', live.file, '--into', 'source');
  assert.deepEqual([mended.taken, mended.passedOver.done], [100, 100]);
  await runToEnd(live.file);
  const { anomalies, deadLetters } = await scenario.read(live);
  const known = await scenario.configure('known', { input });
  await runToEnd(known.file);
  const originals = (await scenario.read(known)).anomalies.filter(({ offset }) => offset < 50);
  const seen = (found: Output['anomalies']): string[] =>
    found.map(({ event, eventTime, entity }) => `${event.toString('hex')} ${eventTime} ${entity}`).sort();
  assert.deepEqual(seen(anomalies), seen(originals));
  assert.ok(anomalies.every(({ offset }) => offset >= 100));
  assert.equal(deadLetters.filter(({ headers }) => text(headers, 'attempts') === '3').length, 1);
  await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
});

test('of two redrives at once one stops, and no letter is done twice', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await produceLater(scenario, 0, 40_000);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  learnLaterSchema(scenario);
  const both = await Promise.all([1, 2].map(() => outrider(['dlq', 'redrive', '--config', live.file])));
  assert.ok(
    both.some(({ code }) => code === 0),
    both.map(({ stderr }) => stderr).join('\n'),
  );
  for (const { code, stderr } of both.filter(({ code }) => code !== 0)) {
    assert.equal(code, 1, stderr);
    assert.match(stderr, /another redrive of group \S+ has taken over/);
  }
  const known = await scenario.configure('known');
  await runToEnd(known.file);
  assert.deepEqual(verdictsOf(await scenario.read(live)), verdictsOf(await scenario.read(known)));
  await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
});

test("another group's letters, and those that were cut, are left alone; park puts aside what cannot be read", async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await produceLater(scenario, 0, 100);
  const shared = await scenario.configure('live');
  await runToEnd(shared.file);
  const other = await scenario.configure('other', {
    output: { anomalies: shared.anomalies, deadLetters: shared.deadLetters },
  });
  await runToEnd(other.file);
  learnLaterSchema(scenario);
  const own = await dlq('redrive', other.file);
  assert.deepEqual([own.taken, own.passedOver.others, own.failedAgain], [100, 100, 1]);
  const parked = await dlq('park', other.file, '--reason', 'undecodable');
  assert.deepEqual([parked.taken, parked.parked, parked.passedOver.done], [1, 1, 100]);
  const nothing = await dlq('redrive', other.file);
  assert.deepEqual([nothing.taken, nothing.passedOver.done], [0, 101]);
  await scenario.admin.deleteTopics([`${other.group}.redriven`, `${shared.deadLetters}.parked`]);
});
