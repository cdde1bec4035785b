/**
 * `npm test`: starts one real broker for the whole run (or uses KAFKA_BROKERS), then runs every *.test.js under the
 * folder beside this file. Fails, and says why, where there is no way to a broker.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { messageOf } from '../src/errors.js';
import { packageRoot } from '../src/package-root.js';
import { cacheFolder } from '../src/local-broker/cache-folder.js';
import { type GuardedBroker, startGuardedBroker } from '../src/local-broker/guarded-broker.js';
import { onnxRuntime } from './support/onnx-runtime.js';
import { type RegistryServer, startRegistryServer } from './support/registry-server.js';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);

/** What was compiled from a test that has since been renamed is still there. */
function hasSource(file: string): boolean {
  return existsSync(join(packageRoot(), 'test', relative(here, file)).replace(/\.js$/, '.ts'));
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith('.test.js') &&
      hasSource(path) &&
      (wanted.length === 0 || wanted.some((text) => relative(here, path).includes(text)))
      ? [path]
      : [];
  });
}

async function broker(): Promise<GuardedBroker | null> {
  const named = process.env.KAFKA_BROKERS;
  if (named !== undefined && named !== '') return null;
  return startGuardedBroker(cacheFolder(process.env), pino({ level: 'silent' }), (text) =>
    process.stderr.write(`${text}\n`),
  );
}

/** One for all files that use it; null where none of them does. */
async function registryFor(files: readonly string[]): Promise<RegistryServer | null> {
  const isUsed = files.some((file) => readFileSync(file, 'utf8').includes('support/registry-proxy.js'));
  return isUsed ? startRegistryServer(cacheFolder(process.env)) : null;
}

/** Where the tests of ONNX models find their runtime: NODE_PATH, which a user may set as well. */
async function nodePath(files: readonly string[]): Promise<{ NODE_PATH?: string }> {
  const isUsed = files.some((file) => readFileSync(file, 'utf8').includes('support/onnx-models.js'));
  if (!isUsed) return {};
  const folders = [await onnxRuntime(cacheFolder(process.env)), process.env.NODE_PATH ?? ''];
  return { NODE_PATH: folders.filter((folder) => folder !== '').join(delimiter) };
}

async function main(): Promise<number> {
  await using own = await broker();
  const brokers = own?.brokers.join(',') ?? process.env.KAFKA_BROKERS;
  process.stderr.write(`Kafka at ${brokers ?? ''}\n`);
  const files = testFiles(here).sort();
  await using registry = await registryFor(files);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    OUTRIDER_TEST_BROKERS: brokers,
    OUTRIDER_TEST_REGISTRY: registry?.url,
    ...(await nodePath(files)),
  };
  delete environment.KAFKA_BROKERS;
  // The chaos suite brings three brokers of its own and takes the machine for itself.
  const alone = files.filter((file) => file.includes(`${sep}chaos${sep}`));
  const together = files.filter((file) => !alone.includes(file));
  if (together.length > 0) {
    const code = await nodeTest(together, 2, environment);
    if (code !== 0) return code;
  }
  return alone.length > 0 ? await nodeTest(alone, 1, environment) : 0;
}

/** @returns the exit code */
function nodeTest(files: readonly string[], concurrency: number, env: NodeJS.ProcessEnv): Promise<number> {
  const flags = ['--test', '--test-reporter=spec', '--test-force-exit', `--test-concurrency=${concurrency}`];
  const runner = spawn(process.execPath, [...flags, ...files], { stdio: 'inherit', env });
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
    runner.once('exit', (code) => resolve(code ?? 1));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`npm test: the tests need a real Kafka: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
