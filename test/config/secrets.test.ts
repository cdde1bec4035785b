/** What may not be seen is not seen, however a configuration is printed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { Secret } from '../../src/secret.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-secrets-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function load(kafka: object, registry?: object, environment: Record<string, string> = {}) {
  const text = stringify({
    group: 'g',
    kafka,
    input: { topic: 't', schema: 'e.avsc', ...(registry === undefined ? {} : { registry }) },
    features: ['a'],
    detector: { type: 'threshold', rules: [{ feature: 'a', above: 1 }] },
  });
  return parseConfig(join(folder, 'outrider.yml'), text, environment);
}

test('a configuration with every kind of secret is printed without any', () => {
  writeFileSync(join(folder, 'secret'), 'in-a-file\n');
  const config = load(
    { tls: true, sasl: { mechanism: 'plain', username: 'u', password: { file: 'secret' } } },
    { url: 'http://localhost:1', username: 'u', password: 'of-the-registry' },
  );
  const oauth = load({
    ...{ tls: true },
    sasl: {
      mechanism: 'oauthbearer',
      tokenUrl: 'https://id/t',
      clientId: 'c',
      clientSecret: 'of-the-client',
    },
  });
  let logged = '';
  const log = pino({ level: 'trace' }, { write: (line) => (logged += line) });
  log.info({ config, oauth, err: Object.assign(new Error('x'), { config }) }, 'said');
  const printed = [config, oauth].flatMap((value) => [
    JSON.stringify(value),
    inspect(value, { depth: Infinity, showHidden: true }),
    config.kafka.sasl?.mechanism === 'plain' ? String(config.kafka.sasl.password) : '',
  ]);
  for (const text of [...printed, logged])
    assert.doesNotMatch(text, /in-a-file|of-the-registry|of-the-client/);
  assert.match(JSON.stringify(config), /"password":"\[hidden\]"/);
  assert.ok(config.kafka.sasl?.mechanism === 'plain');
  assert.equal(config.kafka.sasl.password.reveal(), 'in-a-file');
  assert.equal(config.input.registry?.password?.reveal(), 'of-the-registry');
});

test('a secret in a file is read again; while the file is away it is what it was', () => {
  const file = join(folder, 'rotated');
  writeFileSync(file, 'first\n');
  const secret = Secret.ofFile(file);
  writeFileSync(file, 'second\r\n');
  assert.equal(secret.reveal(), 'second');
  unlinkSync(file);
  assert.equal(secret.reveal(), 'second');
  assert.throws(() => Secret.ofFile(file), /ENOENT/);
});

test('a secret from the environment may have any characters, and a fault does not repeat it', () => {
  const written = (password: string) =>
    `
group: g
kafka:
  tls: true
  sasl:
    mechanism: plain
    username: u
    password: '\${PW}'
input: {topic: t, schema: e.avsc}
features: [a]
detector: {type: threshold, rules: [{feature: a, above: 1}]}
`.replace("'${PW}'", password);
  for (const text of ['@at first', '%percent', 'a: b', '"quote', '{brace', '- dash', '#hash', 'x #y']) {
    const config = parseConfig(join(folder, 'outrider.yml'), written("'${PW}'"), { PW: text });
    assert.ok(config.kafka.sasl?.mechanism === 'plain');
    assert.equal(config.kafka.sasl.password.reveal(), text);
    // Without quotes what looks like a number or a list is one: an error, but one that does not show it.
    try {
      parseConfig(join(folder, 'outrider.yml'), written('${PW}'), { PW: text });
    } catch (error) {
      assert.ok(!String(error).includes(text), String(error));
    }
  }
  assert.throws(
    () => parseConfig(join(folder, 'outrider.yml'), written('${PW}'), { PW: '47110815' }),
    (error: Error) => {
      assert.doesNotMatch(error.message, /47110815/);
      assert.match(error.message, /kafka\.sasl\.password/);
      return true;
    },
  );
});

test('a token endpoint has to be https, or near, and holds no credentials', () => {
  const fault = (tokenUrl: string, more: object = {}): string => {
    const sasl = { mechanism: 'oauthbearer', tokenUrl, clientId: 'c', clientSecret: 's', ...more };
    try {
      load({ tls: true, sasl });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.match(fault('http://id.internal/token'), /kafka\.sasl\.tokenUrl: is not https: .*allowPlaintext/);
  assert.equal(fault('http://id.internal/token', { allowPlaintext: true }), '');
  assert.equal(fault('http://127.0.0.1:9/token'), '');
  assert.match(fault('https://u:hush@id/token'), /must not hold credentials/);
  assert.doesNotMatch(fault('https://u:hush@id/token'), /hush/);
  assert.match(fault('nonsense'), /is not an https address/);
});

test('TLS files that cannot be used are exit 2 and named', () => {
  writeFileSync(join(folder, 'no.pem'), 'no certificate');
  const fault = (tls: object): string => {
    try {
      load({ tls });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.match(fault({ ca: 'no.pem' }), /kafka\.tls\.ca: .*no\.pem holds no certificate in PEM/);
  assert.match(fault({ ca: 'away.pem' }), /kafka\.tls\.ca: ENOENT.*away\.pem/);
  assert.match(fault({ cert: 'no.pem' }), /cert and key go together/);
});
