/** What a tired person reads: what happened, where, what to do; and the exit code that scripts rely on. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';

let scenario: Scenario;
const folder = mkdtempSync(join(tmpdir(), 'outrider-errors-'));

before(async () => {
  scenario = await Scenario.create(1);
  await scenario.train();
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function failure(
  args: readonly string[],
  code: number,
  message: RegExp,
  options: { cwd?: string; environment?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  const found = await outrider(args, options);
  assert.equal(found.code, code, found.stderr);
  const lines = found.stderr
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('outrider: '));
  assert.equal(lines.length, 1, found.stderr);
  assert.match(lines[0] ?? '', message);
  assert.ok(!found.stderr.includes('    at '), 'no stack');
}

test('usage: exit 2, with the nearest command', async () => {
  await failure(['rnu'], 2, /unknown command 'rnu'.*run/);
  await failure(['run', '--wrokers', '3'], 2, /unknown option '--wrokers'/);
  await failure(['run', '--workers', 'many'], 2, /whole number/);
  await failure(
    ['train', '--config', join(folder, 'absent.yml')],
    2,
    /absent\.yml: cannot be read.*outrider init/,
  );
  assert.equal((await outrider(['--help'])).code, 0);
  assert.match((await outrider(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('every command has help with an example', async () => {
  for (const command of [
    'demo',
    'init',
    'check',
    'run',
    'worker',
    'produce',
    'train',
    'score',
    'evaluate',
    'tail',
    'dlq list',
    'dlq show',
    'dlq redrive',
    'dlq park',
    'broker start',
    'broker stop',
    'broker status',
  ]) {
    const { code, stdout } = await outrider([...command.split(' '), '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Example:\n {2}\$ outrider /, command);
    for (const flag of ['--config', '--log-level', '--json'])
      assert.ok(stdout.includes(flag), `${command} ${flag}`);
  }
});

test('configuration: exit 2 with file, key path and nearest key', async () => {
  const file = join(scenario.folder, 'wrong.yml');
  writeFileSync(
    file,
    'group: g\ninput: {topic: t, schmea: x}\nfeatures: [a]\ndetector: {type: isolation-forest}\n',
  );
  await failure(
    ['run', '--config', file],
    2,
    /wrong\.yml: input\.schmea: unknown key; the nearest key is 'schema'/,
  );
  writeFileSync(
    file,
    stringify({
      group: 'g',
      input: { topic: 't', schema: 'event.avsc' },
      features: ['bb'],
      detector: { type: 'isolation-forest', model: 'model' },
    }),
  );
  await failure(
    ['run', '--config', file],
    2,
    /features: the event has no field 'bb' in the schema; the nearest is 'b'/,
  );
});

test('no broker: exit 3 within the connection time-out, naming the address', async () => {
  const { file } = await scenario.configure('no-broker');
  const started = performance.now();
  await failure(['run', '--config', file], 3, /127\.0\.0\.1:1: connecting/, {
    environment: { KAFKA_BROKERS: '127.0.0.1:1' },
  });
  assert.ok(performance.now() - started < 15_000);
});

test('a missing topic: exit 3, and how to create it', async () => {
  const { file } = await scenario.configure('no-topic', {
    input: { topic: `${scenario.name}.absent`, schema: 'event.avsc' },
  });
  await failure(['run', '--config', file], 3, /absent: there is no such topic on .*create it with: /);
  await failure(['worker', '--config', file], 3, /there is no such topic/);
});

test('a model that is missing, edited or made for other features: exit 4', async () => {
  const { file } = await scenario.configure('model', {
    detector: { type: 'isolation-forest', model: 'absent' },
  });
  await failure(['run', '--config', file], 4, /absent: no usable model.*outrider train/);
  const other = await scenario.configure('other-features', {
    features: ['b', 'a', { name: 'c', field: 'c', missing: 0 }],
  });
  await failure(
    ['worker', '--config', other.file],
    4,
    /trained on other features: number 1 is 'a' in the model and 'b' in the configuration/,
  );
  cpSync(join(scenario.folder, 'model'), join(scenario.folder, 'edited'), { recursive: true });
  const manifest = join(scenario.folder, 'edited', 'model.yml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^threshold: .*$/m, 'threshold: 0.1'));
  const edited = await scenario.configure('edited-model', {
    detector: { type: 'isolation-forest', model: 'edited' },
  });
  await failure(['run', '--config', edited.file], 4, /does not match its digest/);
});

test('data that cannot be used: exit 4 with file and place', async () => {
  const csv = join(folder, 'bad.csv');
  writeFileSync(csv, 'a,label\n1,0\nx,1\n');
  await failure(
    ['evaluate', '--data', csv],
    4,
    /bad\.csv: row 1 \(the first is 0\), line 3, column 'a': the cell is 'x', not a number/,
  );
  await failure(
    ['evaluate', '--data', csv, '--label', 'lable'],
    4,
    /no column 'lable'; the nearest is 'label'/,
  );
  await failure(
    ['evaluate', '--data', join(folder, 'absent.csv')],
    4,
    /absent\.csv: ENOENT: no such file or directory$/m,
  );
  const { file } = await scenario.configure('few');
  writeFileSync(csv, 'a,b,c\n1,2,3\n4,5,6\n');
  await failure(
    ['train', '--config', file, '--data', csv, '--out', join(folder, 'm')],
    4,
    /2 usable rows are too few/,
  );
});

test('a configured port that is taken: exit 2', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { file } = await scenario.configure('port', { http: { port } });
  await failure(
    ['run', '--config', file],
    2,
    new RegExp(`http\\.port: 127\\.0\\.0\\.1:${port} cannot be listened on`),
  );
  await new Promise((resolve) => server.close(resolve));
});

test('a codec without a binary for this platform: check names it, run and worker do not start', async () => {
  const { name } = scenario;
  const { file } = await scenario.configure('codec', {
    output: { anomalies: name, deadLetters: name, compression: 'lz4' },
  });
  const written = await outrider(['check', '--config', file]);
  assert.match(written.stdout, /✓ compression +lz4 can be written here/);
  // The library then looks there alone, and does not find it.
  const environment = { NAPI_RS_NATIVE_LIBRARY_PATH: join(folder, 'lz4.node') };
  const said = 'output\\.compression: lz4 has no binary for this platform';
  const checked = await outrider(['check', '--config', file], { environment });
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, new RegExp(`✗ compression +\\S+: ${said}$`, 'm'));
  assert.match(checked.stderr, /native binding/, 'the log has its words');
  await failure(['run', '--config', file], 2, new RegExp(`${said}$`), { environment });
  await failure(['worker', '--config', file], 2, new RegExp(`${said}$`), { environment });
});

test('check says line by line what is wrong, and exits 1', async () => {
  const good = await scenario.configure('good');
  const { code, stdout } = await outrider(['check', '--config', good.file]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /✓ transactions/);
  // A Kafka that was given from outside may be one with a warning.
  assert.match(stdout, /[✓!] release +\S/);
  // The broker of the tests is alone.
  assert.match(stdout, /! durability +\S+, .*: on one broker only/);
  const session = await scenario.configure('session', {
    kafka: { brokers: scenario.brokers, sessionTimeoutMs: 2000 },
  });
  const refused = await outrider(['check', '--config', session.file]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /✗ session +kafka\.sessionTimeoutMs 2000: the broker takes .*\(6000\)/);
  const { file } = await scenario.configure('bad', { output: { anomalies: `${scenario.name}.nowhere` } });
  const bad = await outrider(['check', '--config', file, '--json']);
  assert.equal(bad.code, 1);
  const findings = JSON.parse(bad.stdout) as { level: string; message: string }[];
  assert.deepEqual(
    findings.filter(({ level }) => level === 'fault').map(({ message }) => /topic (\S+):/.exec(message)?.[1]),
    [`${scenario.name}.nowhere`, `${scenario.name}.dlt`],
  );
});
