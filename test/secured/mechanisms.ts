import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outrider } from '../support/outrider.js';
import type { Scenario } from '../support/scenario.js';
import { fingerprintOf } from '../support/scenario.js';
import { rightsOfRun } from '../support/secure-broker/acls.js';
import type { SecureBroker } from '../support/secure-broker/secure-broker.js';
import { type Identity, identities, kafkaOf } from './identities.js';

const EVENTS = 1000;

export function mechanismTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  test('every mechanism runs a worker exactly once, with the rights that docs/SECURITY.md lists and no others', async () => {
    const { broker, scenario } = given();
    await scenario.produce(0, EVENTS);
    const all = identities(broker);
    const outputs = new Map<string, readonly string[]>();
    for (let i = 0; i < all.length; i += 2) {
      await Promise.all(
        all.slice(i, i + 2).map(async (identity) => {
          outputs.set(identity.name, await runOnce(broker, scenario, identity));
        }),
      );
    }
    const [first, ...others] = [...outputs.values()];
    assert.ok(first !== undefined && first.length > EVENTS / 20, 'there are verdicts');
    assert.equal(new Set(first).size, first.length, 'none is there twice');
    for (const other of others) assert.deepEqual(other, first);
  });
}

async function runOnce(broker: SecureBroker, scenario: Scenario, identity: Identity): Promise<string[]> {
  const run = await scenario.configure(identity.name, { kafka: kafkaOf(broker, identity) });
  await broker.acls.grant(
    identity.user,
    rightsOfRun({ group: run.group, input: scenario.name, outputs: [run.anomalies, run.deadLetters] }),
  );
  await using worker = new Outrider(['worker', '--config', run.file, '--stop-at-end', '--json']);
  const { code, stdout, stderr } = await worker.finished;
  assert.equal(code, 0, `${identity.name}: ${stderr}`);
  assert.equal((JSON.parse(stdout) as { events: number }).events, EVENTS, identity.name);
  assert.ok(await scenario.isCommitted(run.group), identity.name);
  return fingerprintOf(await scenario.read(run));
}
