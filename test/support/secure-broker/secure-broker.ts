import { type ChildProcess, execFile, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KafkaAdmin } from '../../../src/kafka/admin.js';
import type { KafkaConfig } from '../../../src/kafka/client.js';
import { localKafka } from '../../../src/kafka/local-config.js';
import { cacheFolder } from '../../../src/local-broker/cache-folder.js';
import { type LaunchPlan, freePort } from '../../../src/local-broker/launch-plan.js';
import { findRuntime } from '../../../src/local-broker/runtime.js';
import { log } from '../scenario.js';
import { until } from '../until.js';
import { Acls } from './acls.js';
import { CertificateAuthority, pemStore } from './certificates.js';
import { IdentityProvider } from './identity-provider.js';
import { type Listener, secureProperties } from './properties.js';

const run = promisify(execFile);
const GUARD = fileURLToPath(new URL('../../../src/local-broker/guard.js', import.meta.url));
const READY_LIMIT_MS = 90_000;
const CLUSTER_ID = 'Z2IDzcJlSXKdjb3msGRFew';

/** Who there is, beside whoever has a certificate; nobody has a right before it is granted. */
export const PASSWORDS = { alice: 'wonder-4711-land', bob: 'builder-0815-tool' } as const;
/** Of bob's name for his token. */
export const CLIENT_SECRET = 'oauth-secret-2718-e';

/** A broker with TLS, SASL and ACLs that lives no longer than this process. Its folder holds every certificate. */
export class SecureBroker implements AsyncDisposable {
  readonly acls: Acls;
  /** The only super user, by the broker's own certificate. */
  readonly superUser: KafkaConfig;

  private constructor(
    readonly folder: string,
    readonly authority: CertificateAuthority,
    readonly identity: IdentityProvider,
    private readonly ports: Readonly<Record<Listener, number>>,
    private readonly jars: string,
    private readonly guard: ChildProcess,
    private readonly ended: Promise<void>,
  ) {
    const tls = {
      ca: authority.ca,
      cert: join(folder, 'tls', 'broker.crt'),
      key: join(folder, 'tls', 'broker.key'),
    };
    this.superUser = { ...localKafka([this.address('mtls')]), tls };
    this.acls = new Acls(this.superUser);
  }

  static async start(): Promise<SecureBroker> {
    const runtime = await findRuntime(cacheFolder(process.env), () => undefined);
    if (runtime.kind !== 'java') throw new Error('a secured broker needs Java');
    const folder = mkdtempSync(join(tmpdir(), 'outrider-secure-'));
    const authority = new CertificateAuthority(join(folder, 'tls'), 'outrider-test-ca');
    const keystore = pemStore(authority.sign('broker'));
    const identity = await IdentityProvider.start('carol', CLIENT_SECRET);
    const ports = await freePorts();
    const properties = join(folder, 'server.properties');
    const dataDir = join(folder, 'data');
    const given = { dataDir, ports, authority, keystore, passwords: PASSWORDS, identityUrl: identity.url };
    writeFileSync(properties, secureProperties(given));
    const java = [
      '-Xms128m',
      '-Xmx384m',
      '-XX:+UseSerialGC',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    ];
    java.push('-cp', join(runtime.jars, '*'));
    const scram = ([user, password]: [string, string]): string[] =>
      [256, 512].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=${user},password=${password}]`]);
    const format = [
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      properties,
      ...Object.entries(PASSWORDS).flatMap(scram),
    ];
    await run('java', [...java, 'kafka.tools.StorageTool', ...format]);
    const allowed = `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${identity.url}/jwks`;
    const plan: LaunchPlan = {
      runtime: 'java',
      brokers: [`localhost:${ports.mtls}`],
      dataDir,
      logFile: join(folder, 'kafka.log'),
      command: 'java',
      args: [allowed, ...java, 'kafka.Kafka', properties],
      container: null,
    };
    const guard = fork(GUARD, [JSON.stringify(plan)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const ended = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
    const broker = new SecureBroker(folder, authority, identity, ports, runtime.jars, guard, ended);
    try {
      await broker.ready(ended, plan.logFile);
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    return broker;
  }

  address(listener: Listener): string {
    return `localhost:${this.ports[listener]}`;
  }

  /** Runs one of Kafka's own command-line tools as the super user. @returns its output */
  async tool(mainClass: string, ...args: string[]): Promise<string> {
    const config = join(this.folder, 'admin.properties');
    writeFileSync(
      config,
      `security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.location=${join(this.folder, 'tls', 'broker.pem')}\nssl.truststore.type=PEM\nssl.truststore.location=${this.authority.ca}\n`,
    );
    const { stdout } = await run('java', [
      ...['-cp', join(this.jars, '*'), mainClass, '--bootstrap-server', this.address('mtls')],
      ...['--command-config', config, ...args],
    ]);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.acls[Symbol.asyncDispose]();
    if (this.guard.connected) this.guard.disconnect();
    await this.ended;
    await this.identity[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(ended: Promise<void>, logFile: string): Promise<void> {
    let over = false;
    void ended.then(() => (over = true));
    await until('the secured broker answers', READY_LIMIT_MS, async () => {
      if (over) throw new Error(`the secured broker ended:\n${readFileSync(logFile, 'utf8').slice(-4000)}`);
      await using admin = new KafkaAdmin(this.superUser, log);
      return await admin.partitionCounts([]).then(
        () => true,
        () => false,
      );
    });
  }
}

async function freePorts(): Promise<Record<Listener | 'controller' | 'internal', number>> {
  const names = [
    'controller',
    'internal',
    'plaintext',
    'tls',
    'mtls',
    'plain',
    'scram',
    'oauth',
    'sasltext',
  ] as const;
  const ports = new Set<number>();
  while (ports.size < names.length) ports.add(await freePort());
  const list = [...ports];
  return Object.fromEntries(names.map((name, i) => [name, list[i]])) as Record<
    (typeof names)[number],
    number
  >;
}
