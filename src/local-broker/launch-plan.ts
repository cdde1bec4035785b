import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UsageError, messageOf } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { type Runtime, kafkaVersion } from './runtime.js';

const run = promisify(execFile);

/** One broker, ready to be started: a command that stays in the foreground, and how to stop what it started. */
export interface LaunchPlan {
  readonly runtime: Runtime['kind'];
  readonly brokers: readonly [string];
  readonly dataDir: string;
  readonly logFile: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Docker's container, which outlives the client that started it; null for a process. */
  readonly container: string | null;
}

const HEAP = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC'];

/** Chooses ports, writes the properties, formats an empty data folder. */
export async function planLaunch(
  runtime: Runtime,
  dataDir: string,
  port: number | null,
): Promise<LaunchPlan> {
  const brokerPort = port === null ? await freePort() : await takePort(port);
  mkdirSync(dataDir, { recursive: true });
  const base = {
    runtime: runtime.kind,
    brokers: [`127.0.0.1:${brokerPort}`] as const,
    dataDir,
    logFile: join(dataDir, 'kafka.log'),
  };
  return runtime.kind === 'docker'
    ? { ...base, ...dockerCommand(brokerPort) }
    : { ...base, ...(await javaCommand(runtime.jars, dataDir, brokerPort)) };
}

async function javaCommand(
  jars: string,
  dataDir: string,
  port: number,
): Promise<Pick<LaunchPlan, 'command' | 'args' | 'container'>> {
  const controllerPort = await freePort();
  const properties = join(dataDir, 'server.properties');
  const fixed = readFileSync(join(packageRoot(), 'broker', 'server.properties'), 'utf8');
  writeFileSync(
    properties,
    `${fixed}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.quorum.voters=1@127.0.0.1:${controllerPort}
log.dirs=${join(dataDir, 'log')}
`,
  );
  const java = [...HEAP, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(jars, '*')];
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) {
    await run('java', [
      ...java,
      'kafka.tools.StorageTool',
      'format',
      '--cluster-id',
      newClusterId(),
      '--config',
      properties,
    ]);
  }
  return { command: 'java', args: [...java, 'kafka.Kafka', properties], container: null };
}

/** Never with a hyphen in front, which the storage tool takes for a flag. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

function dockerCommand(port: number): Pick<LaunchPlan, 'command' | 'args' | 'container'> {
  const container = `outrider-kafka-${port}`;
  const settings = readFileSync(join(packageRoot(), 'broker', 'server.properties'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('=') && !line.startsWith('#'))
    .map((line) => line.split('=', 2) as [string, string]);
  const environment = new Map(
    settings.map(([key, value]) => [`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`, value]),
  );
  environment.set('KAFKA_LISTENERS', `PLAINTEXT://:${port},CONTROLLER://:9093`);
  environment.set('KAFKA_ADVERTISED_LISTENERS', `PLAINTEXT://127.0.0.1:${port}`);
  environment.set('KAFKA_CONTROLLER_QUORUM_VOTERS', '1@localhost:9093');
  const variables = [...environment].flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const image = `apache/kafka:${kafkaVersion()}`;
  return {
    command: 'docker',
    args: ['run', '--rm', '--name', container, '-p', `127.0.0.1:${port}:${port}`, ...variables, image],
    container,
  };
}

/** A port that nobody listens on, for a moment at least. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** @throws UsageError when somebody listens there */
async function takePort(port: number): Promise<number> {
  return listenOnce(port).catch((cause: unknown) => {
    throw new UsageError(`--port ${port}: somebody listens there already (${messageOf(cause)})`, { cause });
  });
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
