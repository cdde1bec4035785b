import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { ConfigurationError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MINIMAL = `
group: g
input: {topic: orders, schema: event.avsc}
features: [amount]
detector: {type: isolation-forest, model: m}
`;

const load = (text: string, environment: Record<string, string> = {}) =>
  parseConfig(join(folder, 'outrider.yml'), text, environment);

function changed(change: (config: Record<string, Record<string, unknown>>) => void): string {
  const config = parse(MINIMAL) as Record<string, Record<string, unknown>>;
  change(config);
  return stringify(config);
}

function faultOf(text: string, environment: Record<string, string> = {}): string {
  try {
    load(text, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  assert.fail('no fault');
}

test('what is left out gets the documented default', () => {
  const config = load(MINIMAL);
  assert.deepEqual(config.kafka.brokers, ['localhost:9092']);
  assert.deepEqual(config.output, {
    anomalies: 'orders.anomalies',
    subject: 'orders.anomalies-value',
    deadLetters: 'orders.dlt',
    compression: 'none',
  });
  assert.equal(config.input.maxBatchBytes, 67_108_864);
  assert.deepEqual(config.commit, { intervalMs: 200, maxRecords: 100_000 });
  assert.deepEqual(
    [config.input.startAt, config.input.onTruncated, config.input.encoding, config.delivery],
    ['latest', 'error', 'single-object', 'exactly-once'],
  );
  assert.deepEqual(config.http, { host: '127.0.0.1', port: 8080, portConfigured: false });
  assert.deepEqual(config.detector.options, { trees: 100, sampleSize: 256, seed: 0, extended: false });
  assert.equal(config.input.schema, join(folder, 'event.avsc'));
  assert.ok(config.fleet.max >= 4);
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.kafka));
});

test('an unknown key names its place and the nearest key', () => {
  assert.match(
    faultOf(changed((c) => void (c.inptu = {}))),
    /outrider\.yml: inptu: unknown key; the nearest key is 'input'/,
  );
  assert.match(
    faultOf(changed((c) => void ((c.input as Record<string, unknown>).shema = 'x'))),
    /input\.shema: unknown key; the nearest key is 'schema'/,
  );
  assert.match(
    faultOf(changed((c) => void ((c.detector as Record<string, unknown>).tress = 5))),
    /detector\.tress: unknown key; the nearest key is 'trees'/,
  );
  assert.match(
    faultOf(changed((c) => void (c.kafka = { sasl: { mechanism: 'plain', usrname: 'x' } }))),
    /kafka\.sasl\.usrname: unknown key; the nearest key is 'username'/,
  );
  assert.match(
    faultOf(changed((c) => void (c.features = [{ name: 'x', field: 'a', scael: {} }] as never))),
    /features\[0\]\.scael/,
  );
});

test('the nearest key is one that there is in that place, and none where nothing is near', () => {
  const detectorFault = (detector: unknown): string =>
    faultOf(changed((c) => void (c.detector = detector as never)));
  for (const [detector, message] of [
    [{ type: 'knn', modle: 'm' }, "detector.modle: unknown key; the nearest key is 'model'"],
    [{ type: 'knn', treshold: 0.5 }, "detector.treshold: unknown key; the nearest key is 'threshold'"],
    [{ type: 'knn', colour: 'red' }, 'detector.colour: unknown key'],
    [
      { type: 'ensemble', members: [{ type: 'knn', neighbors: 3 }, 'ecod'] },
      "detector.members[0].neighbors: unknown key; the nearest key is 'neighbours'",
    ],
    [
      { type: 'ensemble', members: ['ecod', { type: 'knn', threshold: 0.5 }] },
      'detector.members[1].threshold: unknown key',
    ],
    [
      { type: 'threshold', rules: [{ feature: 'amount', abov: 3 }] },
      "detector.rules[0].abov: unknown key; the nearest key is 'above'",
    ],
    [
      { type: 'knn', threshold: { alarmPerDay: 5 } },
      "detector.threshold.alarmPerDay: unknown key; the nearest key is 'alarmsPerDay'",
    ],
  ] as const)
    assert.ok(detectorFault(detector).endsWith(`outrider.yml: ${message}`), detectorFault(detector));
  assert.doesNotMatch(detectorFault({ type: 'gradient-boosting' }), /nearest/);
});

test('of the forms that a value can have, the one that was meant is named, else all', () => {
  const detectorFault = (detector: unknown): string =>
    faultOf(changed((c) => void (c.detector = detector as never)));
  const threshold = (value: unknown): string => detectorFault({ type: 'knn', model: 'm', threshold: value });
  const rule = (value: unknown): string => detectorFault({ type: 'threshold', rules: [value] });
  const forms = /detector\.threshold: expected one of a number, \{contamination\}, \{alarmsPerDay\}$/;
  assert.match(threshold({ alarmsPerDay: 5, contamination: 0.1 }), forms);
  assert.match(threshold({}), forms);
  assert.match(threshold('high'), forms);
  assert.match(threshold(1.5), /detector\.threshold: .*<=1/);
  assert.match(threshold({ contamination: 5 }), /detector\.threshold\.contamination: .*<=0\.5/);
  const rules = /detector\.rules\[0\]: expected one of above, below, outside, equals$/;
  assert.match(rule({ feature: 'amount' }), rules);
  assert.match(rule({ feature: 'amount', above: 3, below: 1 }), rules);
  assert.match(rule({ above: 3 }), /detector\.rules\[0\]\.feature: is required/);
  assert.match(rule({ feature: 'amount', outside: [1] }), /detector\.rules\[0\]\.outside/);
});

test('a member of an ensemble may be its type alone', () => {
  const members = (value: unknown): unknown =>
    load(changed((c) => void (c.detector = { type: 'ensemble', model: 'm', members: value }))).detector
      .options;
  assert.deepEqual(
    members(['isolation-forest', 'knn']),
    members([{ type: 'isolation-forest' }, { type: 'knn' }]),
  );
});

test('a wrong value names its place and what is wanted', () => {
  assert.match(
    faultOf(changed((c) => void ((c.input as Record<string, unknown>).encoding = 'json'))),
    /input\.encoding: expected one of "single-object"\|"confluent"\|"raw"/,
  );
  assert.match(
    faultOf(changed((c) => void ((c.detector as Record<string, unknown>).type = 'isolation-forrest'))),
    /detector\.type: .*nearest is 'isolation-forest'/,
  );
  assert.match(
    faultOf(changed((c) => void ((c.detector as Record<string, unknown>).trees = 0))),
    /detector\.trees/,
  );
  assert.match(
    faultOf(changed((c) => void ((c.input as Record<string, unknown>).startAt = 'yesterday'))),
    /input\.startAt: 'yesterday' is not latest, earliest, error or an ISO time/,
  );
  assert.match(
    faultOf(changed((c) => void ((c.input as Record<string, unknown>).encoding = 'confluent'))),
    /input\.registry: is required/,
  );
  const registryFault = (registry: unknown): string =>
    faultOf(changed((c) => void ((c.input as Record<string, unknown>).registry = registry)));
  for (const url of ['http://me:h1dden@host:8081', 'https://h1dden@host', 'http://me:h1 dden@host']) {
    for (const registry of [url, { url, username: 'me', password: 'h1dden' }]) {
      assert.match(registryFault(registry), /input\.registry: the address has a user name or password in it/);
      assert.doesNotMatch(registryFault(registry), /h1|host/);
    }
  }
  assert.match(registryFault('ftp://host'), /input\.registry: 'ftp:\/\/host' is not an http address/);
  assert.match(registryFault('http://host?key=1'), /input\.registry: the address has a query/);
  assert.match(registryFault({ url: 'http://host', password: 'x' }), /input\.registry\.password: needs/);
  assert.match(
    faultOf(changed((c) => void (c.kafka = { heartbeatIntervalMs: 9000 }))),
    /kafka\.heartbeatIntervalMs: must be at most a third/,
  );
  assert.match(
    faultOf(changed((c) => void (c.kafka = { sasl: { mechanism: 'plain', username: 'u', password: 'p' } }))),
    /kafka\.sasl: without kafka\.tls .*allowPlaintext/,
  );
  assert.match(
    faultOf(
      changed((c) => {
        delete c.group;
      }),
    ),
    /group: is required/,
  );
  assert.match(faultOf('features: [amount'), /outrider\.yml: /);
});

test('variables come from the environment, with their type and their default', () => {
  const text = changed((c) => void (c.http = { port: '${PORT}', host: '${HOST:-0.0.0.0}' })).replace(
    '"${PORT}"',
    '${PORT}',
  );
  const config = load(text, { PORT: '9999' });
  assert.deepEqual([config.http?.port, config.http?.host], [9999, '0.0.0.0']);
  assert.match(faultOf(text), /http\.port: the environment variable PORT is not set/);
  assert.deepEqual(load(MINIMAL, { KAFKA_BROKERS: 'a:1, b:2' }).kafka.brokers, ['a:1', 'b:2']);
});

test('a secret may stand in a file, and time-outs in the relation they need', () => {
  writeFileSync(join(folder, 'password'), 's3cret\n');
  const config = load(
    changed(
      (c) =>
        void (c.kafka = {
          tls: true,
          sasl: { mechanism: 'scram-sha-512', username: 'u', password: { file: 'password' } },
        }),
    ),
  );
  assert.ok(config.kafka.sasl?.mechanism === 'scram-sha-512');
  assert.deepEqual([config.kafka.sasl.username, config.kafka.sasl.password.reveal()], ['u', 's3cret']);
  assert.match(faultOf(changed((c) => void (c.kafka = { rebalanceTimeoutMs: 5000 }))), /rebalanceTimeoutMs/);
});
