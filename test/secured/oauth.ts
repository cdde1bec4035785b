import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { OutriderError } from '../../src/errors.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { oauthToken } from '../../src/kafka/oauth-token.js';
import { Outrider } from '../support/outrider.js';
import { type Scenario, log } from '../support/scenario.js';
import { rightsOfRun } from '../support/secure-broker/acls.js';
import type { TokenAnswer } from '../support/secure-broker/identity-provider.js';
import { CLIENT_SECRET, type SecureBroker } from '../support/secure-broker/secure-broker.js';
import { until } from '../support/until.js';
import { identities, kafkaOf } from './identities.js';

export function oauthTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  const configure = (name: string) => {
    const { broker, scenario } = given();
    const carol = identities(broker).find(({ user }) => user === 'carol');
    assert.ok(carol !== undefined);
    return scenario.configure(name, { kafka: kafkaOf(broker, carol), http: { port: 0 } });
  };

  test('no token, no use of a token: one line that says whose fault it is, and no second try for ever', async () => {
    const { broker } = given();
    const { file } = await configure('no-token');
    const says: Readonly<Partial<Record<TokenAnswer, RegExp>>> = {
      'wrong-audience':
        /broker localhost:\d+: not allowed: it refuses the token of client 'carol'.*invalid_token.*sasl\.oauthbearer/,
      refused:
        /kafka\.sasl\.tokenUrl http:\S+\/token: not allowed: client 'carol' gets no token \(status 401, invalid_client\)/,
      garbage: /kafka\.sasl\.tokenUrl http:\S+\/token: no token: the answer is not a JSON object/,
      failing: /kafka\.sasl\.tokenUrl http:\S+\/token: no token: status 503/,
    };
    try {
      for (const [answer, pattern] of Object.entries(says)) {
        broker.identity.answer = answer as TokenAnswer;
        await using admin = new KafkaAdmin(loadConfig(file, {}).kafka, log);
        await assert.rejects(admin.partitionCounts(['anything']), (error: unknown) => {
          assert.ok(error instanceof OutriderError);
          assert.match(error.message, pattern, answer);
          assert.ok(!error.message.includes(CLIENT_SECRET));
          assert.equal(error.exitCode, 3);
          return true;
        });
      }
    } finally {
      broker.identity.answer = 'valid';
    }
  });

  test('a token endpoint that is mute is given up within the time of a connection', async () => {
    const { broker } = given();
    const { file } = await configure('mute');
    broker.identity.answer = 'mute';
    try {
      const { kafka } = loadConfig(file, {});
      await using admin = new KafkaAdmin({ ...kafka, connectionTimeoutMs: 500 }, log);
      await assert.rejects(admin.connect(), /no answer within 500 ms/);
    } finally {
      broker.identity.answer = 'valid';
    }
  });

  test('a process has one token for all its connections, and renews it before it expires', async () => {
    const { broker } = given();
    const { sasl } = loadConfig((await configure('shared')).file, {}).kafka;
    assert.ok(sasl?.mechanism === 'oauthbearer');
    broker.identity.lifetimeS = 2;
    try {
      const before = broker.identity.given.length;
      const [first, second] = await Promise.all([oauthToken(sasl), oauthToken(sasl)]);
      assert.equal(first, second);
      assert.equal(broker.identity.given.length, before + 1);
      await until('it is renewed', 5000, async () => (await oauthToken(sasl)) !== first);
      broker.identity.answer = 'failing';
      const renewed = await oauthToken(sasl);
      // Halfway it is to be renewed, which fails; it is good until its end.
      await until('it has expired', 5000, () =>
        oauthToken(sasl).then(
          (token) => (token === renewed ? null : token),
          () => true,
        ),
      );
    } finally {
      Object.assign(broker.identity, { answer: 'valid', lifetimeS: 3600 });
    }
  });

  test('connections outlive their first token; without a next one a worker is unready and says why, and if it is refused ends with 3', async () => {
    const { broker, scenario } = given();
    const run = await configure('renewal');
    await broker.acls.grant(
      'carol',
      rightsOfRun({ group: run.group, input: scenario.name, outputs: [run.anomalies, run.deadLetters] }),
    );
    broker.identity.lifetimeS = 6;
    try {
      await using worker = new Outrider(['worker', '--config', run.file]);
      const url = await until('it serves', 30_000, () => /"url":"([^"]+)"/.exec(worker.stderr)?.[1]);
      const before = broker.identity.given.length;
      await until('it has everything', 30_000, () => scenario.isCommitted(run.group));
      const joined = worker.stderr.match(/joined the group/g)?.length;
      await until('it has got its third token', 30_000, () => broker.identity.given.length > before + 2);
      await scenario.produce(200_000, 200_200);
      await until('it goes on', 15_000, () => scenario.isCommitted(run.group));
      assert.equal(worker.stderr.match(/joined the group/g)?.length, joined, 'and has not left its group');

      const readiness = async (): Promise<string> => {
        assert.equal(worker.process.exitCode, null, worker.stderr);
        const response = await fetch(`${url}/readyz`, { headers: { connection: 'close' } });
        return response.text();
      };
      broker.identity.answer = 'failing';
      await until('it is unready and says why', 30_000, async () =>
        /joining the group again: kafka\.sasl\.tokenUrl \S+: no token: status 503/.test(await readiness()),
      );
      broker.identity.answer = 'valid';
      await until('it is ready again', 30_000, async () => (await readiness()).includes('"ready":true'));
      broker.identity.answer = 'refused';
      const { code, stderr } = await worker.finished;
      assert.equal(code, 3);
      assert.match(
        stderr,
        /\noutrider: kafka\.sasl\.tokenUrl \S+: not allowed: client 'carol' gets no token/,
      );
    } finally {
      Object.assign(broker.identity, { answer: 'valid', lifetimeS: 3600 });
    }
  });
}
