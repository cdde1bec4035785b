import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outrider } from '../support/outrider.js';
import { type Scenario, fingerprintOf } from '../support/scenario.js';
import { rightsOfRun } from '../support/secure-broker/acls.js';
import type { SecureBroker } from '../support/secure-broker/secure-broker.js';
import { until } from '../support/until.js';
import { type Identity, identities, kafkaOf } from './identities.js';
import { assertHidden, commandLinesOf } from './shown.js';

const EVENTS = 1000;
const FLEETS_AT_ONCE = 2;
/** Those that run under a supervisor: a key's passphrase, a password and a client secret go through it. The others are a worker each. */
const SUPERVISED: ReadonlySet<string> = new Set(['mtls', 'scram-512', 'oauth']);

export function mechanismTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  test('every mechanism runs a fleet exactly once with the rights of docs/SECURITY.md and no others, and shows no secret', async () => {
    const { broker, scenario } = given();
    await scenario.produce(0, EVENTS);
    const all = identities(broker);
    const outputs: (readonly string[])[] = [];
    for (let i = 0; i < all.length; i += FLEETS_AT_ONCE) {
      const some = all.slice(i, i + FLEETS_AT_ONCE);
      outputs.push(...(await Promise.all(some.map((identity) => runFleet(broker, scenario, identity)))));
    }
    const [first, ...others] = outputs;
    assert.ok(first !== undefined && first.length > EVENTS / 20, 'there are verdicts');
    assert.equal(new Set(first).size, first.length, 'none is there twice');
    for (const other of others) assert.deepEqual(other, first);
  });
}

async function runFleet(broker: SecureBroker, scenario: Scenario, identity: Identity): Promise<string[]> {
  const { name, user } = identity;
  const run = await scenario.configure(name, { kafka: kafkaOf(broker, identity), http: { port: 0 } });
  await broker.acls.grant(
    user,
    rightsOfRun({ group: run.group, input: scenario.name, outputs: [run.anomalies, run.deadLetters] }),
  );
  const command = SUPERVISED.has(name) ? ['run', '--workers', '1'] : ['worker'];
  await using fleet = new Outrider([...command, '--config', run.file, '--log-level', 'trace', '--json']);
  const url = await until(`${name} serves`, 30_000, () => /"url":"([^"]+)"/.exec(fleet.stderr)?.[1]);
  await until(`${name} has committed everything`, 60_000, () => {
    assert.equal(fleet.process.exitCode, null, `${name}: ${fleet.stderr.slice(-2000)}`);
    return scenario.isCommitted(run.group);
  });
  const shown = await Promise.all(
    ['/status', '/metrics', '/readyz', '/config'].map(async (path) => (await fetch(url + path)).text()),
  );
  shown.push(...(await commandLinesOf(fleet.pid)));
  fleet.kill('SIGTERM');
  const { code, stdout, stderr } = await fleet.finished;
  assert.equal(code, 0, `${name}: ${stderr.slice(-2000)}`);
  assert.equal((JSON.parse(stdout) as { events: number }).events, EVENTS, name);
  assertHidden(broker, [...shown, stdout, stderr], name);
  return fingerprintOf(await scenario.read(run));
}
