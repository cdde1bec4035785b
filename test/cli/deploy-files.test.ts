/** There is no Docker engine in the tests: what the container files name has to exist in the program. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { kafkaVersion } from '../../src/local-broker/runtime.js';
import { packageRoot } from '../../src/package-root.js';
import { outrider } from '../support/outrider.js';

const root = packageRoot();
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
}
const compose = parse(read('docker-compose.yml')) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
const own = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);

/** Where a path of the image comes from in the repository. */
function inRepository(path: string): string {
  return join(root, path.replace(/^\/app\//, ''));
}

async function assertRuns(command: readonly string[]): Promise<void> {
  const [name = ''] = command;
  const { code, stdout } = await outrider([name, '--help']);
  assert.equal(code, 0, `outrider ${name}`);
  for (const flag of command.filter((word) => word.startsWith('--')))
    assert.ok(stdout.includes(flag), `outrider ${name} has no ${flag}`);
}

test('every command and flag of docker-compose.yml exists, every file is there', async () => {
  assert.deepEqual(own.map(([name]) => name).sort(), ['topics', 'train', 'worker']);
  for (const [name, { command = [], volumes = [] }] of own) {
    await assertRuns(command);
    for (const word of command.filter((text) => text.startsWith('/app/')))
      assert.ok(existsSync(inRepository(word)), `${name}: ${word}`);
    for (const volume of volumes) {
      const [source = '', target = ''] = volume.split(':');
      if (source.startsWith('./')) assert.ok(existsSync(join(root, source)), `${name}: ${source}`);
      else assert.ok(source in compose.volumes, `${name}: ${source}`);
      assert.ok(/^\/(etc|var\/lib)\/outrider\//.test(target));
    }
  }
});

test('services wait for what they need, on the Kafka that the project tests with', () => {
  for (const [name, { depends_on: needs = {} }] of Object.entries(compose.services)) {
    for (const needed of Object.keys(needs))
      assert.ok(needed in compose.services, `${name} waits for ${needed}`);
  }
  const { kafka } = compose.services;
  assert.equal(kafka?.image, `apache/kafka:${kafkaVersion()}`);
  assert.ok(kafka?.healthcheck !== undefined);
  const listeners = kafka?.environment?.KAFKA_ADVERTISED_LISTENERS ?? '';
  for (const [name, { environment }] of own) {
    const brokers = environment?.KAFKA_BROKERS;
    if (brokers !== undefined)
      assert.ok(listeners.includes(`//${brokers}`), `${name}: nothing listens at ${brokers}`);
  }
});

test('the configuration of the containers is one, its variables are set, its port is exposed and checked', () => {
  const text = read('deploy/outrider.yml');
  const { environment = {} } = compose.services.worker ?? {};
  for (const [, name = ''] of text.matchAll(/\$\{([A-Z_]+)/g)) assert.ok(name in environment, name);
  const config = parseConfig('/etc/outrider/outrider.yml', text, environment);
  assert.deepEqual(config.kafka.brokers, ['kafka:19092']);
  assert.equal(config.http?.host, '0.0.0.0');
  assert.match(dockerfile, new RegExp(`^EXPOSE ${config.http.port}$`, 'm'));
  assert.match(dockerfile, /HEALTHCHECK .*\/readyz/);
  assert.ok(existsSync(inRepository(config.input.schema)));
});

test('the Dockerfile copies what exists, runs without root, and starts a command that exists', async () => {
  const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
    sources.split(' '),
  );
  assert.ok(copies.length >= 5);
  for (const source of copies) assert.ok(existsSync(join(root, source)), source);
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
  for (const [, script = ''] of dockerfile.matchAll(/npm run (\S+)/g)) assert.ok(script in scripts, script);
  assert.equal([...dockerfile.matchAll(/^FROM /gm)].length, 2);
  assert.match(dockerfile, /^USER node$/m);
  assert.match(dockerfile, /^ENTRYPOINT \["outrider"\]$/m);
  const [, command = '[]'] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  await assertRuns(JSON.parse(command) as string[]);
  const ignored = read('.dockerignore').split('\n');
  for (const source of copies) assert.ok(!ignored.includes(source), `${source} is ignored`);
});
