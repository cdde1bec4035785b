import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learnLaterSchema, produceLater, runToEnd } from '../support/dead-letters.js';
import { LoneBroker } from '../support/lone-broker.js';
import { Outrider } from '../support/outrider.js';
import { Scenario, fingerprintOf } from '../support/scenario.js';
import { until } from '../support/until.js';

const LETTERS = 60_000;
const LIMIT_MS = 60_000;
/** Without its marker a transaction stays open, and reading committed records never ends. */
const TEST_TIMEOUT_MS = 300_000;

test(
  'a redrive whose broker is killed and comes back goes on by itself, and loses and repeats nothing',
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    await using broker = await LoneBroker.create();
    assert.ok(broker !== null, 'this needs Java 17 and Maven');
    await broker.start();
    await using scenario = await Scenario.create(2, broker.brokers);
    await scenario.train();
    await produceLater(scenario, 0, LETTERS);
    const live = await scenario.configure('live');
    await runToEnd(live.file);
    learnLaterSchema(scenario);
    await using process = new Outrider(['dlq', 'redrive', '--config', live.file, '--json']);
    const written = async (): Promise<number> =>
      [...(await scenario.admin.ends(live.anomalies)).values()].reduce((sum, end) => sum + end, 0);
    await until('the redrive has committed something', LIMIT_MS, async () => (await written()) > 0);
    await broker.kill();
    await broker.start();
    const { code, stdout, stderr } = await process.finished;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /starting at the ledger again/);
    const summary = JSON.parse(stdout) as { taken: number; failedAgain: number };
    assert.deepEqual([summary.taken, summary.failedAgain], [LETTERS, LETTERS / 100]);

    const known = await scenario.configure('known');
    await runToEnd(known.file);
    const [found, expected] = [await scenario.read(live), await scenario.read(known)];
    const verdicts = (output: typeof found): string[] => fingerprintOf({ ...output, deadLetters: [] });
    assert.deepEqual(verdicts(found), verdicts(expected));
  },
);
