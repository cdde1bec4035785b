import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { outrider } from '../support/outrider.js';
import type { Scenario } from '../support/scenario.js';
import type { TokenAnswer } from '../support/secure-broker/identity-provider.js';
import { PASSWORDS, type SecureBroker } from '../support/secure-broker/secure-broker.js';
import { WRONG_PASSWORD, identities, kafkaOf } from './identities.js';
import { assertHidden } from './shown.js';

export function secretTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  /** Everything that a command that fails shows, at the level that shows most. */
  async function failing(
    name: string,
    changes: Record<string, unknown>,
    says: RegExp,
    commands = [['worker']],
  ): Promise<void> {
    const { broker, scenario } = given();
    // Only who gets past the door needs topics.
    const inside = 'input' in changes;
    const file = inside
      ? (await scenario.configure(`failing-${name}`, changes)).file
      : scenario.reconfigure(`failing-${name}`, changes);
    for (const command of commands) {
      const { code, stdout, stderr } = await outrider([...command, '--config', file, '--log-level', 'trace']);
      assert.ok(code === 3 || code === 1, `${name}: ${code} ${stderr}`);
      assert.match(stdout + stderr, says, name);
      assertHidden(broker, [stdout, stderr], `${name} ${command[0]}`);
    }
  }

  const identityOf = (name: string) => {
    const { broker } = given();
    const found = identities(broker).find((identity) => identity.name === name);
    assert.ok(found !== undefined);
    return { found, kafka: kafkaOf(broker, found) };
  };

  test('no secret is shown by a wrong password, a token endpoint or a registry that fails', async () => {
    const { broker } = given();
    const wrong = ['plain', 'scram-256'].map((name) => {
      const { found, kafka } = identityOf(name);
      return failing(
        name,
        { kafka: { ...kafka, sasl: { ...found.sasl, password: WRONG_PASSWORD } } },
        /compare mechanism, username and password/,
      );
    });
    await Promise.all(wrong);
    try {
      for (const answer of ['refused', 'wrong-audience'] satisfies TokenAnswer[]) {
        broker.identity.answer = answer;
        await failing(answer, { kafka: identityOf('oauth').kafka }, /not allowed/);
      }
    } finally {
      broker.identity.answer = 'valid';
    }
    const registry = createServer((request, response) => {
      response.statusCode = 401;
      response.end(`{"error_code":401,"message":"not ${request.headers.authorization}"}`);
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
      const { scenario } = given();
      const input = {
        ...{ topic: scenario.name, schema: 'event.avsc', encoding: 'confluent' },
        registry: { url, username: 'outrider', password: PASSWORDS.bob },
      };
      const kafka = { brokers: [broker.address('mtls')], tls: broker.superUser.tls };
      await failing('registry', { kafka, input }, /registry http:\/\/127\.0\.0\.1:\d+.*401/, [
        ['worker'],
        ['check', '--json'],
      ]);
    } finally {
      registry.close();
    }
  });
}
