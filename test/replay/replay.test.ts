/** A replay scores a range of history as the fleet would have, into topics of its own, and leaves the fleet alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Output } from '../support/scenario.js';
import { Scenario, fingerprintOf } from '../support/scenario.js';
import { type LiveRun, outputOf, replayed, runLive } from '../support/replay-scenario.js';

const EVENTS = 8000;

let scenario: Scenario;
let run: LiveRun;
let live: Output;

before(async () => {
  scenario = await Scenario.create(4);
  await scenario.train();
  await scenario.produce(0, EVENTS);
  run = await scenario.configure('live');
  await runLive(run);
  live = await scenario.read(run);
  assert.ok(live.anomalies.length > EVENTS / 50);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

test('all of history, with the same model: the verdicts are the live ones, and say which run they are of', async () => {
  const result = await replayed(run, '--id', 'all', '--from', 'earliest', '--workers', '2');
  assert.equal(result.output, `${run.anomalies}.replay.all`);
  const output = await outputOf(scenario, result);
  assert.deepEqual(fingerprintOf(output), fingerprintOf(live));
  assert.deepEqual(new Set(output.anomalies.map(({ runId }) => runId)), new Set(['all']));
  assert.equal(result.read, EVENTS);
  assert.equal(result.deadLetters, EVENTS / 100);
  assert.equal(result.scored, EVENTS - EVENTS / 100);
  assert.equal(result.anomalies, live.anomalies.length);
  assert.equal(result.complete, true);
});
