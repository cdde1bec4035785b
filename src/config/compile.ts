import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import type { RegistryOptions } from '../decode/registry-http.js';
import { DETECTORS } from '../detect/registry.js';
import { type OutriderError, messageOf } from '../errors.js';
import { type FeatureSpec, FEATURE_KEYS, compileFeatureSpec, isSpecFault } from '../features/spec.js';
import { type FieldPath, parseFieldPath } from '../field-path.js';
import { type KafkaConfig, type SaslConfig, type TlsConfig } from '../kafka/client.js';
import { brokenRelations } from '../kafka/time-outs.js';
import type { Config, DetectorConfig, HttpConfig, InputConfig, StartAt } from './config.js';
import { configurationError, fromZod, unknownKeyError } from './fault.js';
import { type WrittenConfig, type WrittenSasl, type WrittenSecret, configSchema } from './schema.js';

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
    return {
      file: this.file,
      kafka: this.kafka(brokersOverride),
      group,
      input: this.input(),
      output: {
        anomalies: output.anomalies ?? `${input.topic}.anomalies`,
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

  private tls(files: {
    ca?: string | undefined;
    cert?: string | undefined;
    key?: string | undefined;
    servername?: string | undefined;
  }): TlsConfig {
    if ((files.cert === undefined) !== (files.key === undefined))
      throw this.fault(['kafka', 'tls'], 'cert and key go together');
    const read = (key: 'ca' | 'cert' | 'key'): Record<string, string> =>
      files[key] === undefined ? {} : { [key]: this.readText(['kafka', 'tls', key], files[key]) };
    return {
      ...read('ca'),
      ...read('cert'),
      ...read('key'),
      ...(files.servername === undefined ? {} : { servername: files.servername }),
    };
  }

  private sasl(sasl: WrittenSasl, encrypted: boolean): SaslConfig {
    if (!encrypted && !sasl.allowPlaintext) {
      throw this.fault(
        ['kafka', 'sasl'],
        'without kafka.tls the password crosses the network in the clear; set kafka.tls, or sasl.allowPlaintext: true',
      );
    }
    const need = (key: 'username' | 'password' | 'tokenUrl' | 'clientId' | 'clientSecret'): string => {
      const value = sasl[key];
      if (value === undefined) throw this.fault(['kafka', 'sasl', key], `is required for ${sasl.mechanism}`);
      return this.secret(['kafka', 'sasl', key], value);
    };
    if (sasl.mechanism !== 'oauthbearer')
      return { mechanism: sasl.mechanism, username: need('username'), password: need('password') };
    return {
      mechanism: 'oauthbearer',
      tokenUrl: need('tokenUrl'),
      clientId: need('clientId'),
      clientSecret: need('clientSecret'),
      scope: sasl.scope ?? null,
    };
  }

  private secret(path: readonly PropertyKey[], value: WrittenSecret): string {
    return typeof value === 'string' ? value : this.readText([...path, 'file'], value.file).trimEnd();
  }

  private readText(path: readonly PropertyKey[], file: string): string {
    try {
      return readFileSync(this.path(file), 'utf8');
    } catch (error) {
      throw this.fault(path, messageOf(error));
    }
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
    const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(timeMs))
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
    if (kind === undefined)
      throw this.fault(
        ['detector', 'type'],
        `'${type}' is not one of ${[...DETECTORS.keys()].join(', ')}; the nearest is '${closest(type, [...DETECTORS.keys()])}'`,
      );
    const parsed = kind.options.safeParse(options);
    if (!parsed.success) throw fromZod(this.file, kind.options, parsed.error, ['detector']);
    if (kind.train === null && model !== undefined)
      throw this.fault(['detector', 'model'], `the detector '${type}' is not trained and has no model`);
    if (kind.train === null && typeof threshold === 'object')
      throw this.fault(
        ['detector', 'threshold'],
        `a contamination needs training scores, which '${type}' does not have`,
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
