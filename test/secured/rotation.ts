import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { messageOf } from '../../src/errors.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import type { KafkaConfig } from '../../src/kafka/client.js';
import { check } from '../../src/pipeline/check.js';
import { type Scenario, log } from '../support/scenario.js';
import type { Certificate } from '../support/secure-broker/certificates.js';
import { PASSWORDS, type SecureBroker } from '../support/secure-broker/secure-broker.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
/** Who may not see the topic has been let in, too. */
const LET_IN = /TOPIC_AUTHORIZATION_FAILED|2 partitions/;

export function rotationTests(given: () => { broker: SecureBroker; scenario: Scenario }): void {
  test('a client certificate expires while the process runs; the one that takes its place on disk is used', async () => {
    const { broker, scenario } = given();
    const used = { cert: join(broker.folder, 'used.crt'), key: join(broker.folder, 'used.key') };
    const put = ({ cert, key }: Certificate): void => {
      copyFileSync(key, used.key);
      copyFileSync(cert, used.cert);
    };
    const expiresAtMs = Date.now() + 6000;
    put(broker.authority.sign('first', { expiresAtMs }));
    const tls = { ca: broker.authority.ca, ...used };
    const file = scenario.reconfigure('rotation', { kafka: { brokers: [broker.address('mtls')], tls } });
    const { kafka } = loadConfig(file, {});
    await broker.acls.grant('second', [
      { resource: 'topic', name: scenario.name, pattern: 'literal', operation: 'describe' },
    ]);
    assert.match(await answerTo(kafka, scenario), /TOPIC_AUTHORIZATION_FAILED/, 'the first is let in');
    await until('the first has expired', 15_000, async () =>
      /refuses the client certificate kafka\.tls\.cert \(\S+used\.crt\)/.test(
        await answerTo(kafka, scenario),
      ),
    );
    const second = broker.authority.sign('second');
    // As somebody replaces them, one after the other: what is there between the two does not fit together.
    copyFileSync(second.key, used.key);
    assert.match(await answerTo(kafka, scenario), /refuses the client certificate/);
    put(second);
    assert.equal(await answerTo(kafka, scenario), '2 partitions');
    await broker.acls.takeAll('second');
  });

  test('a password file that is replaced is read at the next connection', async () => {
    const { broker, scenario } = given();
    const file = join(broker.folder, 'password');
    writeFileSync(file, `${PASSWORDS.alice}\n`);
    const kafka = {
      brokers: [broker.address('scram')],
      tls: { ca: broker.authority.ca },
      sasl: { mechanism: 'scram-sha-256', username: 'alice', password: { file } },
    };
    const config = loadConfig(scenario.reconfigure('password', { kafka }), {}).kafka;
    assert.match(await answerTo(config, scenario), LET_IN);
    writeFileSync(file, 'another\n');
    assert.match(await answerTo(config, scenario), /authentication failed/i);
    writeFileSync(file, PASSWORDS.alice);
    assert.match(await answerTo(config, scenario), LET_IN);
  });

  test('check warns of every certificate that expires within thirty days', async () => {
    const { broker, scenario } = given();
    const soon = broker.authority.sign('soon', { expiresAtMs: Date.now() + 12.5 * DAY_MS });
    const tls = { ca: broker.authority.ca, ...soon };
    const file = scenario.reconfigure('soon', { kafka: { brokers: [broker.address('mtls')], tls } });
    const findings = async (inDays: number): Promise<string[]> => {
      const found: string[] = [];
      const clock = (): number => Date.now() + inDays * DAY_MS;
      for await (const { level, what, message } of check(
        loadConfig(file, {}),
        log,
        new AbortController().signal,
        clock,
      ))
        if (what === 'certificates') found.push(`${level} ${message}`);
      return found;
    };
    const [own, ...none] = await findings(0);
    assert.match(
      own ?? '',
      /^warning kafka\.tls\.cert \S+soon\.crt \(O=outrider, CN=soon\): expires in 12 days/,
    );
    assert.deepEqual(none, []);
    const late = await findings(364);
    assert.equal(late.length, 3, late.join('\n'));
    assert.ok(
      late.some((line) => /^warning kafka\.tls\.ca .*expires in 0 days/.test(line)),
      late.join('\n'),
    );
    assert.ok(
      late.some((line) => /^warning kafka\.tls\.cert .*has expired/.test(line)),
      late.join('\n'),
    );
    assert.ok(
      late.some((line) => /^warning broker localhost:\d+ .*expires in 0 days/.test(line)),
      late.join('\n'),
    );
  });
}

/** As a new connection gets it. */
async function answerTo(kafka: KafkaConfig, { name }: Scenario): Promise<string> {
  await using admin = new KafkaAdmin(kafka, log);
  try {
    return `${(await admin.partitionCounts([name])).get(name)} partitions`;
  } catch (error) {
    return messageOf(error);
  }
}
