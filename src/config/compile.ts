import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { RegistryOptions } from '../decode/registry-http.js';
import { DETECTORS } from '../detect/registry.js';
import { type OutriderError, messageOf } from '../errors.js';
import { type FeatureSpec, FEATURE_KEYS, compileFeatureSpec, isSpecFault } from '../features/spec.js';
import { type FieldPath, parseFieldPath } from '../field-path.js';
import type { KafkaConfig } from '../kafka/client.js';
import type { SaslConfig } from '../kafka/sasl.js';
import { brokenRelations } from '../kafka/time-outs.js';
import { type TlsConfig, TlsFileFault, readTlsFiles } from '../kafka/tls-files.js';
import { nearest } from '../nearest.js';
import { Secret } from '../secret.js';
import { parseDateTime } from '../time-text.js';
import type { Config, DetectorConfig, HttpConfig, InputConfig, StartAt } from './config.js';
import { configurationError, fromZod, unknownKeyError } from './fault.js';
import {
  type WrittenConfig,
  type WrittenSasl,
  type WrittenSecret,
  type WrittenTls,
  configSchema,
} from './schema.js';

/** The supervisor's port where none is configured. */
export const HTTP_PORT_DEFAULT = 8080;

/**
 * Checks what was written and makes it complete.
 * @param written the file's content, variables replaced and flags laid over it
 * @param brokersOverride KAFKA_BROKERS
 * @throws ConfigurationError naming the file and the key path
 */
export function compileConfig(file: string, written: unknown, brokersOverride: string | undefined): Config {
  const parsed = configSchema.safeParse(written ?? {});
  if (!parsed.success) throw fromZod(file, configSchema, parsed.error);
  return deepFreeze(new ConfigCompiler(file, parsed.data).compile(brokersOverride));
}

class ConfigCompiler {
  private readonly folder: string;

  constructor(
    private readonly file: string,
    private readonly written: WrittenConfig,
  ) {
    this.folder = dirname(resolve(file));
  }

  compile(brokersOverride: string | undefined): Config {
    const { group, input, output, delivery, commit, fleet } = this.written;
    const anomalies = output.anomalies ?? `${input.topic}.anomalies`;
    return {
      file: this.file,
      kafka: this.kafka(brokersOverride),
      group,
      input: this.input(),
      output: {
        anomalies,
        subject: `${anomalies}-value`,
        deadLetters: output.deadLetters ?? `${input.topic}.dlt`,
        compression: output.compression,
      },
      features: this.features(),
      detector: this.detector(),
      delivery,
      commit,
      fleet: { ...fleet, max: fleet.max === 0 ? Math.max(4, 2 * availableParallelism()) : fleet.max },
      http: this.http(),
    };
  }

  private fault(path: readonly PropertyKey[], message: string): OutriderError {
    return configurationError(this.file, path, message);
  }

  private path(relative: string): string {
    return resolve(this.folder, relative);
  }

  private kafka(brokersOverride: string | undefined): KafkaConfig {
    const { brokers, tls, sasl, ...rest } = this.written.kafka;
    const listed = splitBrokers(brokersOverride ?? brokers);
    if (listed.length === 0) throw this.fault(['kafka', 'brokers'], 'no broker is named');
    const wrong = listed.find((text) => !isAddress(text));
    if (wrong !== undefined) {
      const where =
        brokersOverride === undefined ? ['kafka', 'brokers'] : ['kafka', 'brokers (from KAFKA_BROKERS)'];
      throw this.fault(where, `'${wrong}' is not host:port`);
    }
    const fault = brokenRelations({ kafka: rest, fleet: this.written.fleet }).find(
      ({ level }) => level === 'fault',
    );
    if (fault !== undefined) throw this.fault(fault.key, fault.message);
    return {
      ...rest,
      brokers: listed,
      tls: tls === false ? null : tls === true ? {} : this.tls(tls),
      sasl: sasl === undefined ? null : this.sasl(sasl, tls !== false),
    };
  }

  /** Reads the files only to see that they can be used: each connection reads them again. */
  private tls(written: WrittenTls): TlsConfig {
    const path = ['kafka', 'tls'];
    if ((written.cert === undefined) !== (written.key === undefined))
      throw this.fault(path, 'cert and key go together');
    const file = (key: 'ca' | 'cert' | 'key'): Record<string, string> =>
      written[key] === undefined ? {} : { [key]: this.path(written[key]) };
    const tls: TlsConfig = {
      ...file('ca'),
      ...file('cert'),
      ...file('key'),
      ...(written.passphrase === undefined
        ? {}
        : { passphrase: this.secret([...path, 'passphrase'], written.passphrase) }),
      ...(written.servername === undefined ? {} : { servername: written.servername }),
    };
    try {
      readTlsFiles(tls);
    } catch (error) {
      const key = error instanceof TlsFileFault ? [error.key] : [];
      throw this.fault([...path, ...key], messageOf(error));
    }
    return tls;
  }

  private sasl(sasl: WrittenSasl, encrypted: boolean): SaslConfig {
    const at = (key: string): string[] => ['kafka', 'sasl', key];
    if (!encrypted && !sasl.allowPlaintext) {
      throw this.fault(
        ['kafka', 'sasl'],
        'without kafka.tls the password crosses the network in the clear; set kafka.tls, or sasl.allowPlaintext: true',
      );
    }
    const { mechanism } = sasl;
    const need = <K extends 'username' | 'password' | 'tokenUrl' | 'clientId' | 'clientSecret'>(
      key: K,
    ): NonNullable<WrittenSasl[K]> => {
      const value = sasl[key];
      if (value === undefined) throw this.fault(at(key), `is required for ${mechanism}`);
      return value;
    };
    if (mechanism !== 'oauthbearer')
      return {
        mechanism,
        username: need('username'),
        password: this.secret(at('password'), need('password')),
      };
    const tokenUrl = need('tokenUrl');
    const fault = tokenUrlFault(tokenUrl, sasl.allowPlaintext);
    if (fault !== null) throw this.fault(at('tokenUrl'), fault);
    return {
      mechanism,
      tokenUrl,
      clientId: need('clientId'),
      clientSecret: this.secret(at('clientSecret'), need('clientSecret')),
      scope: sasl.scope ?? null,
    };
  }

  private secret(path: readonly PropertyKey[], value: WrittenSecret): Secret {
    let secret: Secret;
    try {
      secret = typeof value === 'string' ? Secret.of(value) : Secret.ofFile(this.path(value.file));
    } catch (error) {
      throw this.fault([...path, 'file'], messageOf(error));
    }
    if (secret.reveal() === '') throw this.fault(path, 'is empty');
    return secret;
  }

  private input(): InputConfig {
    const { input } = this.written;
    const registry = this.registry();
    if (input.encoding === 'confluent' && registry === null)
      throw this.fault(['input', 'registry'], 'is required for encoding: confluent');
    return {
      topic: input.topic,
      encoding: input.encoding,
      schema: this.path(input.schema),
      schemas: input.schemas === undefined ? dirname(this.path(input.schema)) : this.path(input.schemas),
      registry,
      startAt: this.startAt(input.startAt),
      onTruncated: input.onTruncated,
      maxEventBytes: input.maxEventBytes,
      maxBatchBytes: input.maxBatchBytes,
      entity: this.fieldPath('entity'),
      time: this.fieldPath('time'),
    };
  }

  private registry(): RegistryOptions | null {
    const { registry } = this.written.input;
    if (registry === undefined) return null;
    const options = typeof registry === 'string' ? { url: registry, register: false } : registry;
    // Addresses stand in logs, secrets do not: what may hold one is refused without being shown.
    if (options.url.includes('@'))
      throw this.fault(
        ['input', 'registry'],
        'the address has a user name or password in it, which would stand in logs: write them as {url, username, password}',
      );
    if (!URL.canParse(options.url) || !/^https?:/.test(options.url))
      throw this.fault(['input', 'registry'], `'${options.url}' is not an http address`);
    if (/[?#]/.test(options.url))
      throw this.fault(
        ['input', 'registry'],
        'the address has a query or a fragment, which a registry has not',
      );
    const password =
      'password' in options && options.password !== undefined
        ? this.secret(['input', 'registry', 'password'], options.password)
        : undefined;
    if (password !== undefined && (!('username' in options) || options.username === undefined))
      throw this.fault(['input', 'registry', 'password'], 'needs input.registry.username');
    return {
      url: options.url,
      register: options.register,
      username: 'username' in options ? options.username : undefined,
      password,
    };
  }

  private startAt(text: string): StartAt {
    if (text === 'latest' || text === 'earliest' || text === 'error') return text;
    const timeMs = parseDateTime(text);
    if (timeMs === null)
      throw this.fault(['input', 'startAt'], `'${text}' is not latest, earliest, error or an ISO time`);
    return { timeMs };
  }

  private fieldPath(key: 'entity' | 'time'): FieldPath | null {
    const text = this.written.input[key];
    if (text === undefined) return null;
    const path = parseFieldPath(text);
    if (path === null)
      throw this.fault(
        ['input', key],
        `'${text}' is not a field path: write vehicle, payload.id or values[3]`,
      );
    return path;
  }

  private features(): FeatureSpec {
    const spec = compileFeatureSpec(this.written.features);
    if (!isSpecFault(spec)) return spec;
    const path = ['features', spec.index, ...spec.key];
    throw spec.unknownKey === undefined
      ? this.fault(path, spec.message)
      : unknownKeyError(this.file, path, FEATURE_KEYS);
  }

  private detector(): DetectorConfig {
    const { type, model, threshold, ...options } = this.written.detector;
    const kind = DETECTORS.get(type);
    if (kind === undefined) {
      const types = [...DETECTORS.keys()];
      const near = nearest(type, types);
      throw this.fault(
        ['detector', 'type'],
        `'${type}' is not one of ${types.join(', ')}${near === null ? '' : `; the nearest is '${near}'`}`,
      );
    }
    const parsed = kind.options.safeParse(options);
    if (!parsed.success)
      throw fromZod(this.file, kind.options, parsed.error, ['detector'], ['type', 'model', 'threshold']);
    if (kind.train === null && model !== undefined)
      throw this.fault(['detector', 'model'], `the detector '${type}' is not trained and has no model`);
    if (kind.train === null && typeof threshold === 'object')
      throw this.fault(
        ['detector', 'threshold'],
        `a contamination or a budget of alarms needs training scores, which '${type}' does not have`,
      );
    return {
      kind,
      options: parsed.data,
      model: model === undefined ? null : this.path(model),
      threshold: threshold ?? null,
    };
  }

  private http(): HttpConfig | null {
    const { http } = this.written;
    return http === false
      ? null
      : { host: http.host, port: http.port ?? HTTP_PORT_DEFAULT, portConfigured: http.port !== undefined };
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Where the client's secret is sent to. The address itself is not repeated: it may hold one. */
function tokenUrlFault(tokenUrl: string, allowPlaintext: boolean): string | null {
  const url = URL.canParse(tokenUrl) ? new URL(tokenUrl) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'is not an https address';
  if (url.username !== '' || url.password !== '')
    return 'must not hold credentials; they belong in clientId and clientSecret';
  return url.protocol === 'https:' || allowPlaintext || LOOPBACK.has(url.hostname)
    ? null
    : 'is not https: the client secret crosses the network in the clear; use https, or sasl.allowPlaintext: true';
}

/** `a:1, b:2` or a list of such. */
export function splitBrokers(brokers: string | readonly string[]): string[] {
  return (typeof brokers === 'string' ? [brokers] : brokers)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** `host:port`, the port from 1 to 65535; an IPv6 address stands in brackets. */
export function isAddress(text: string): boolean {
  const match = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    const plain =
      typeof inner === 'object' && inner !== null && !(inner instanceof z.ZodType) && !Object.isFrozen(inner);
    if (plain && (Array.isArray(inner) || Object.getPrototypeOf(inner) === Object.prototype))
      deepFreeze(inner as object);
  }
  return Object.freeze(value);
}
