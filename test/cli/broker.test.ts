/** `outrider broker`, with a cache of its own that borrows the jars. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
  readFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { findRuntime, kafkaVersion } from '../../src/local-broker/runtime.js';
import { outrider } from '../support/outrider.js';

const cache = mkdtempSync(join(tmpdir(), 'outrider-cache-'));
const environment = { OUTRIDER_CACHE: cache };

before(async () => {
  const runtime = await findRuntime(cacheFolder(process.env), () => undefined);
  if (runtime.kind === 'java') symlinkSync(runtime.jars, join(cache, `kafka-${kafkaVersion()}`));
});
after(async () => {
  await outrider(['broker', 'stop', '--purge'], { environment });
  rmSync(cache, { recursive: true, force: true });
});

/** Not a zombie either, which has no command line any more. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, 'utf8') !== '';
}

test('start, start again, status, stop: one broker, its data where it was asked for, nothing left', async () => {
  const dataDir = join(cache, 'data');
  const started = await outrider(['broker', 'start', '--json', '--data-dir', dataDir], { environment });
  assert.equal(started.code, 0, started.stderr);
  const broker = JSON.parse(started.stdout) as {
    brokers: string[];
    pid: number;
    dataDir: string;
    version: string;
  };
  assert.deepEqual(Object.keys(broker), ['brokers', 'pid', 'dataDir', 'version']);
  assert.match(broker.brokers[0] ?? '', /^127\.0\.0\.1:\d+$/);
  assert.equal(broker.dataDir, dataDir);
  assert.ok(isRunning(broker.pid));
  const again = await outrider(['broker', 'start', '--json'], { environment });
  assert.deepEqual(JSON.parse(again.stdout), broker);
  const status = await outrider(['broker', 'status', '--json'], { environment });
  assert.deepEqual(JSON.parse(status.stdout), broker);
  assert.equal((await outrider(['broker', 'stop', '--purge'], { environment })).code, 0);
  assert.ok(!isRunning(broker.pid));
  assert.ok(!existsSync(dataDir));
  const none = await outrider(['broker', 'status'], { environment });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no local broker is running; start one with: outrider broker start/);
});

test('without Java and without Docker the error names the three ways out', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'outrider-path-'));
  const { code, stderr } = await outrider(['broker', 'start'], {
    environment: { PATH: empty, OUTRIDER_CACHE: empty },
  });
  rmSync(empty, { recursive: true, force: true });
  assert.equal(code, 3);
  assert.match(stderr, /KAFKA_BROKERS=host:port.*Java 17 or later and Maven.*Docker/);
});

test('without Java the image of apache/kafka is run by Docker', async () => {
  const bin = mkdtempSync(join(tmpdir(), 'outrider-docker-'));
  const calls = join(bin, 'calls');
  // Answers `docker version` and writes down what else it is asked, then ends: no engine runs here.
  writeFileSync(
    join(bin, 'docker'),
    `#!/bin/sh\necho "$@" >> ${calls}\n[ "$1" = version ] && exit 0\nexit 1\n`,
  );
  chmodSync(join(bin, 'docker'), 0o755);
  const { code, stderr } = await outrider(['broker', 'start', '--port', '39092'], {
    environment: { PATH: bin, OUTRIDER_CACHE: join(bin, 'cache') },
  });
  const asked = readFileSync(calls, 'utf8');
  rmSync(bin, { recursive: true, force: true });
  assert.equal(code, 3, 'the stand-in does not start a broker');
  assert.match(stderr, /the local broker at 127\.0\.0\.1:39092 ended/);
  assert.match(
    asked,
    new RegExp(
      `run --rm --name outrider-kafka-39092 -p 127\\.0\\.0\\.1:39092:39092 .*apache/kafka:${kafkaVersion()}`,
    ),
  );
  assert.match(asked, /KAFKA_ADVERTISED_LISTENERS=PLAINTEXT:\/\/127\.0\.0\.1:39092/);
});
