import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UnreachableError, messageOf } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { fetchOnce } from './fetch-once.js';

const run = promisify(execFile);

/** What a local broker can be run with. */
export type Runtime = { readonly kind: 'java'; readonly jars: string } | { readonly kind: 'docker' };

const JAVA_VERSION_MIN = 17;
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** Kafka's version, from the one place that names it. */
export function kafkaVersion(): string {
  const pom = readFileSync(join(packageRoot(), 'broker', 'pom.xml'), 'utf8');
  return /<kafka\.version>([^<]+)</.exec(pom)?.[1] ?? 'unknown';
}

/**
 * Java with the jars in the cache (fetched by Maven the first time), else Docker.
 * @throws UnreachableError that names the three ways to a broker
 */
export async function findRuntime(cache: string, onNote: (text: string) => void): Promise<Runtime> {
  const faults: string[] = [];
  const java = await javaVersion();
  if (java === null) faults.push('no java');
  else if (java < JAVA_VERSION_MIN) faults.push(`java ${java}, which is older than ${JAVA_VERSION_MIN}`);
  else {
    try {
      return { kind: 'java', jars: await jars(cache, onNote) };
    } catch (error) {
      faults.push(messageOf(error));
    }
  }
  if (await answers('docker', ['version', '--format', '{{.Server.Version}}'])) return { kind: 'docker' };
  faults.push('no docker engine');
  throw new UnreachableError(
    `no Kafka to use (${faults.join('; ')}). Three ways out: set KAFKA_BROKERS=host:port to a Kafka of yours; ` +
      `install Java ${JAVA_VERSION_MIN} or later and Maven; or start a Docker engine`,
  );
}

async function javaVersion(): Promise<number | null> {
  try {
    const { stderr, stdout } = await run('java', ['-version']);
    const match = /version "(\d+)/.exec(stderr + stdout);
    return match === null ? null : Number(match[1]);
  } catch {
    // Not there, or not able to run: the same to us.
    return null;
  }
}

async function answers(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, [...args], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** Kafka's jars, fetched once. */
async function jars(cache: string, onNote: (text: string) => void): Promise<string> {
  return fetchOnce(cache, `kafka-${kafkaVersion()}`, async (folder) => {
    if (!(await answers('mvn', ['-version'])))
      throw new Error('Kafka’s jars are not in the cache and there is no mvn to fetch them');
    onNote(`Fetching Kafka ${kafkaVersion()} with Maven, once (about 55 MB) …`);
    const pom = join(packageRoot(), 'broker', 'pom.xml');
    try {
      await run(
        'mvn',
        ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
        { timeout: DOWNLOAD_TIMEOUT_MS },
      );
    } catch (error) {
      throw new Error(
        `Maven could not fetch Kafka's jars: ${messageOf(error).split('\n').slice(0, 3).join(' ')}`,
        { cause: error },
      );
    }
  });
}
