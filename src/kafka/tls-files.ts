import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type SecureContext, createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Secret } from '../secret.js';

/** How brokers are known and how they know us. Paths of PEM files, absolute. */
export interface TlsConfig {
  /** Who signed the brokers' certificates; without it those that Node trusts. */
  readonly ca?: string;
  /** The client's certificate, with what stands between it and its CA; together with `key`. */
  readonly cert?: string;
  readonly key?: string;
  /** Of the key. */
  readonly passphrase?: Secret;
  /** The name that a broker's certificate must hold, where that is not the host that is connected to. */
  readonly servername?: string;
}

const FILES = ['ca', 'cert', 'key'] as const;

/** A file of `kafka.tls` that cannot be used. */
export class TlsFileFault extends Error {
  constructor(
    readonly key: (typeof FILES)[number] | 'passphrase',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'TlsFileFault';
  }
}

interface Loaded {
  /** Changes when a file does. */
  readonly stamp: string;
  readonly context: SecureContext;
}

const loaded = new WeakMap<TlsConfig, Loaded>();

/**
 * What a new connection is made with: the files as they are now, so that they can be replaced while the process runs.
 * Files that do not fit together, because only one of them has been replaced yet, leave it at what was read last.
 * @throws TlsFileFault where nothing could be read yet
 */
export function secureContext(tls: TlsConfig, log: Logger): SecureContext {
  const before = loaded.get(tls);
  try {
    const stamp = stampOf(tls);
    if (before?.stamp === stamp) return before.context;
    const context = readTlsFiles(tls);
    loaded.set(tls, { stamp, context });
    if (before !== undefined) log.info({ files: pathsOf(tls) }, 'read the replaced files of kafka.tls');
    return context;
  } catch (error) {
    if (before === undefined) throw error;
    log.warn({ reason: messageOf(error) }, 'kafka.tls: going on with the files as they were read before');
    return before.context;
  }
}

/** Reads the files and sees whether they fit together. @throws TlsFileFault that names the file */
export function readTlsFiles(tls: TlsConfig): SecureContext {
  const text = (key: (typeof FILES)[number]): string | undefined => {
    const file = tls[key];
    try {
      return file === undefined ? undefined : readFileSync(file, 'utf8');
    } catch (cause) {
      throw new TlsFileFault(key, messageOf(cause), { cause });
    }
  };
  const [ca, cert, key] = [text('ca'), text('cert'), text('key')];
  if (ca !== undefined) certificatesOf('ca', tls.ca ?? '', ca);
  if (cert !== undefined && key !== undefined) {
    const [own] = certificatesOf('cert', tls.cert ?? '', cert);
    const privateKey = keyOf(tls, key);
    if (own?.checkPrivateKey(privateKey) === false)
      throw new TlsFileFault(
        'key',
        `${tls.key ?? ''} is not the key of the certificate in ${tls.cert ?? ''}`,
      );
  }
  const passphrase = tls.passphrase?.reveal();
  return createSecureContext({ ca, cert, key, passphrase });
}

/** The certificates in a PEM text, in its order. @throws TlsFileFault where there are none */
export function certificatesOf(key: 'ca' | 'cert', file: string, text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TlsFileFault(key, `${file} holds no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new TlsFileFault(key, `${file} holds a certificate that cannot be read`, { cause });
  }
}

function keyOf(tls: TlsConfig, text: string): ReturnType<typeof createPrivateKey> {
  const file = tls.key ?? '';
  try {
    return createPrivateKey({ key: text, passphrase: tls.passphrase?.reveal() });
  } catch (cause) {
    if (!text.includes('ENCRYPTED')) throw new TlsFileFault('key', `${file} holds no key in PEM`, { cause });
    if (tls.passphrase === undefined)
      throw new TlsFileFault('passphrase', `is required: the key in ${file} is encrypted`, { cause });
    throw new TlsFileFault('passphrase', `does not open the key in ${file}`, { cause });
  }
}

function pathsOf(tls: TlsConfig): string[] {
  return FILES.flatMap((key) => tls[key] ?? []);
}

function stampOf(tls: TlsConfig): string {
  return pathsOf(tls)
    .map((path) => {
      const { mtimeMs, size, ino } = statSync(path);
      return [mtimeMs, size, ino].join('/');
    })
    .join(' ');
}
