import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { check } from '../../src/pipeline/check.js';
import type { Finding } from '../../src/pipeline/finding.js';
import { Outrider, outrider } from '../support/outrider.js';
import { type Scenario, log } from '../support/scenario.js';
import { type Right, rightsOfRun } from '../support/secure-broker/acls.js';
import type { SecureBroker } from '../support/secure-broker/secure-broker.js';
import { until } from '../support/until.js';
import { type Identity, identities, kafkaOf } from './identities.js';

interface Run {
  readonly file: string;
  readonly group: string;
  readonly anomalies: string;
  readonly deadLetters: string;
}

export function rightsTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  const who = (): Identity => {
    const found = identities(given().broker).find(({ name }) => name === 'scram-512');
    assert.ok(found !== undefined);
    return found;
  };

  test('check names each missing right with the command that grants it, and without it a worker ends with 3', async () => {
    const { broker, scenario } = given();
    const identity = who();
    const run = await scenario.configure('rights', { kafka: kafkaOf(broker, identity) });
    const needed = neededBy(scenario, run);
    const useful = usefulTo(scenario, run);
    await broker.acls.grant('alice', [...needed, ...useful]);
    await until('every right has arrived', 10_000, async () => (await missing(run)).length === 0);

    for (const right of needed) {
      await broker.acls.take('alice', [right]);
      const expected = commandFor(broker, right);
      await until(`check asks for ${expected.source}`, 10_000, async () =>
        (await missing(run)).some(({ level, message }) => level === 'fault' && expected.test(message)),
      );
      const worker = await outrider(['worker', '--config', run.file, '--stop-at-end']);
      assert.equal(worker.code, 3, `without ${expected.source}: ${worker.stderr}`);
      assert.match(lastLine(worker.stderr), /^outrider: .*not allowed.*`outrider check`/);
      await broker.acls.grant('alice', [right]);
    }
    for (const right of useful) {
      await broker.acls.take('alice', [right]);
      const expected = commandFor(broker, right);
      await until(`check warns of ${expected.source}`, 10_000, async () =>
        (await missing(run)).some(({ level, message }) => level === 'warning' && expected.test(message)),
      );
    }
    await until('the needed ones are back', 10_000, async () =>
      (await missing(run)).every(({ level }) => level === 'warning'),
    );
    const worker = await outrider(['worker', '--config', run.file, '--stop-at-end']);
    assert.equal(worker.code, 0, `none of the others is needed: ${worker.stderr}`);
    const run3 = await outrider(['tail', '--config', run.file, '--from-beginning', '--stop-at-end']);
    assert.equal(run3.code, 3, run3.stderr);
    assert.match(lastLine(run3.stderr), /not allowed: (TOPIC|GROUP)_AUTHORIZATION_FAILED/);
    await broker.acls.takeAll('alice');
  });

  test('the command that check prints grants what is missing', async () => {
    const { broker, scenario } = given();
    const run = await scenario.configure('granted', { kafka: kafkaOf(broker, who()) });
    const most = neededBy(scenario, run).filter(({ resource }) => resource !== 'transactional-id');
    await broker.acls.grant('alice', most);
    const found = await until('only one right is missing', 10_000, async () => {
      const faults = (await missing(run)).filter(({ level }) => level === 'fault');
      return faults.length === 1 ? faults[0] : null;
    });
    const [, flags] = /grant it with: kafka-acls\.sh (.*)$/.exec(found.message) ?? [];
    assert.ok(flags !== undefined, found.message);
    const args = flags.split(' ').slice('--bootstrap-server X --command-config Y'.split(' ').length);
    await broker.tool('org.apache.kafka.tools.AclCommand', ...args);
    await until('nothing is missing', 10_000, async () =>
      (await missing(run)).every(({ level }) => level === 'warning'),
    );
    await broker.acls.takeAll('alice');
  });

  test('dead letters are looked at and sent through again with the rights that are listed, and no others', async () => {
    const { broker, scenario } = given();
    const run = await scenario.configure('redriven', { kafka: kafkaOf(broker, who()) });
    await broker.acls.grant('alice', neededBy(scenario, run));
    const worker = await outrider(['worker', '--config', run.file, '--stop-at-end']);
    assert.equal(worker.code, 0, worker.stderr);
    const needed = neededToRedrive(run);
    await broker.acls.grant('alice', needed);
    const redriven = await outrider(['dlq', 'redrive', '--config', run.file, '--json']);
    assert.equal(redriven.code, 0, redriven.stderr);
    const { taken, failedAgain } = JSON.parse(redriven.stdout) as { taken: number; failedAgain: number };
    assert.ok(taken > 0);
    assert.equal(failedAgain, taken);
    const parked = await outrider(['dlq', 'park', '--config', run.file, '--limit', '1']);
    assert.equal(parked.code, 0, parked.stderr);
    for (const right of needed.filter(({ operation }) => operation !== 'create')) {
      await broker.acls.take('alice', [right]);
      const without = await outrider(['dlq', 'redrive', '--config', run.file]);
      assert.equal(without.code, 3, `without ${right.operation} on ${right.name}: ${without.stderr}`);
      assert.match(lastLine(without.stderr), /not allowed: (TOPIC|GROUP)_AUTHORIZATION_FAILED/);
      await broker.acls.grant('alice', [right]);
    }
    await broker.acls.takeAll('alice');
  });

  test('offsets are shown and set with the rights that are listed, and no others', async () => {
    const { broker, scenario } = given();
    const run = await scenario.configure('moved', { kafka: kafkaOf(broker, who()) });
    const rights = (operation: 'describe' | 'read'): Right[] => [
      { resource: 'topic', name: scenario.name, pattern: 'literal', operation },
      { resource: 'group', name: run.group, pattern: 'literal', operation },
    ];
    const toSet: Right[] = [
      ...rights('read'),
      { resource: 'transactional-id', name: `${run.group}/`, pattern: 'prefixed', operation: 'write' },
    ];
    const offsets = (...args: string[]): ReturnType<typeof outrider> =>
      outrider(['offsets', ...args, '--config', run.file]);
    const denied = async (without: Right, ...args: string[]): Promise<void> => {
      await broker.acls.take('alice', [without]);
      const { code, stderr } = await offsets(...args);
      assert.equal(code, 3, `without ${without.operation} on ${without.name}: ${stderr}`);
      assert.match(lastLine(stderr), /not allowed: (TOPIC|GROUP|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED/);
      await broker.acls.grant('alice', [without]);
    };
    await broker.acls.grant('alice', rights('describe'));
    const dry = await offsets('set', '--to-earliest');
    assert.equal(dry.code, 0, dry.stderr);
    const shown = await offsets('show');
    assert.equal(shown.code, 0, shown.stderr);
    for (const right of rights('describe')) await denied(right, 'show');
    await broker.acls.grant('alice', toSet);
    const set = await offsets('set', '--to-earliest', '--execute');
    assert.equal(set.code, 0, set.stderr);
    for (const right of toSet) await denied(right, 'set', '--to-earliest', '--execute');
    await broker.acls.takeAll('alice');
  });

  test('at least once needs no right on transactional ids', async () => {
    const { broker, scenario } = given();
    const changes = { kafka: kafkaOf(broker, who()), delivery: 'at-least-once' };
    const run = await scenario.configure('at-least-once', changes);
    const rights = neededBy(scenario, run).filter(({ resource }) => resource !== 'transactional-id');
    await broker.acls.grant('alice', rights);
    const worker = await outrider(['worker', '--config', run.file, '--stop-at-end']);
    assert.equal(worker.code, 0, worker.stderr);
    assert.ok(await scenario.isCommitted(run.group));
    await broker.acls.takeAll('alice');
  });

  test('a right that is taken away from a running fleet ends it with 3 and says which', async () => {
    const { broker, scenario } = given();
    const kinds = ['topic', 'group', 'transactional-id'] as const;
    await Promise.all(
      kinds.map(async (kind) => {
        const run = await scenario.configure(`taken-${kind}`, { kafka: kafkaOf(broker, who()) });
        const needed = neededBy(scenario, run);
        await broker.acls.grant('alice', needed);
        // One of them under a supervisor, which takes the worker's word for it and starts no other.
        const command = kind === 'group' ? ['run', '--workers', '1'] : ['worker'];
        await using fleet = new Outrider([...command, '--config', run.file]);
        await until(`${kind}: it reads`, 90_000, async () => {
          assert.equal(fleet.process.exitCode, null, `${kind}: ${fleet.stderr}`);
          return scenario.isCommitted(run.group);
        });
        const taken = needed.filter(({ resource, operation, name }) =>
          kind === 'topic' ? operation === 'write' && name !== `${run.group}/` : resource === kind,
        );
        await broker.acls.take('alice', taken);
        // Something to commit, so that it finds out; until it does.
        let id = 100_000;
        const { code, stderr } = await until('it has ended', 90_000, async () => {
          if (fleet.process.exitCode !== null) return fleet.finished;
          await scenario.produce(id, (id += 100));
          return null;
        });
        assert.equal(code, 3, `${kind}: ${stderr}`);
        const type = { topic: 'TOPIC', group: 'GROUP', 'transactional-id': 'TRANSACTIONAL_ID' }[kind];
        assert.match(lastLine(stderr), new RegExp(`not allowed: ${type}_AUTHORIZATION_FAILED`), kind);
      }),
    );
    await broker.acls.takeAll('alice');
  });
}

function neededBy(scenario: Scenario, { group, anomalies, deadLetters }: Run): Right[] {
  return rightsOfRun({ group, input: scenario.name, outputs: [anomalies, deadLetters] });
}

/** Without these only a part of `check`, `tail`, `train --from-topic` and `dlq` do not work. */
function usefulTo(scenario: Scenario, { group, anomalies, deadLetters }: Run): Right[] {
  return [
    { resource: 'topic', name: scenario.name, pattern: 'literal', operation: 'describe-configs' },
    { resource: 'topic', name: anomalies, pattern: 'literal', operation: 'read' },
    { resource: 'topic', name: deadLetters, pattern: 'literal', operation: 'read' },
    { resource: 'group', name: `${group}.dlq.`, pattern: 'prefixed', operation: 'read' },
    { resource: 'group', name: `${group}.tail.`, pattern: 'prefixed', operation: 'read' },
    { resource: 'group', name: `${group}.train.`, pattern: 'prefixed', operation: 'read' },
    { resource: 'cluster', name: 'kafka-cluster', pattern: 'literal', operation: 'describe-configs' },
  ];
}

/** Beside what `run` needs. */
function neededToRedrive({ group, deadLetters }: Run): Right[] {
  const on = (name: string, ...operations: Right['operation'][]): Right[] =>
    operations.map((operation) => ({ resource: 'topic', name, pattern: 'literal', operation }));
  return [
    ...on(deadLetters, 'read'),
    ...on(`${deadLetters}.parked`, 'create', 'write', 'describe-configs'),
    ...on(`${group}.redriven`, 'create', 'read', 'write'),
    { resource: 'group', name: `${group}.dlq.`, pattern: 'prefixed', operation: 'read' },
  ];
}

const FLAG = { read: 'Read', write: 'Write', 'describe-configs': 'DescribeConfigs' } as Readonly<
  Record<string, string>
>;

/** Who may not see a topic is not told what else is missing there: then everything is asked for. */
function commandFor(broker: SecureBroker, { resource, name, pattern, operation }: Right): RegExp {
  const prefixed = pattern === 'prefixed' ? ' --resource-pattern-type prefixed' : '';
  const target = resource === 'cluster' ? '--cluster$' : `--${resource} ${name}${prefixed}$`;
  return new RegExp(
    `kafka-acls.sh --bootstrap-server ${broker.address('scram')} --command-config admin.properties --add --allow-principal User:alice (--operation \\w+ )*--operation ${FLAG[operation]} (--operation \\w+ )*${target}`,
  );
}

async function missing({ file }: Run): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of check(loadConfig(file, {}), log, new AbortController().signal, Date.now))
    if (finding.message.includes('--operation')) findings.push(finding);
  return findings;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
