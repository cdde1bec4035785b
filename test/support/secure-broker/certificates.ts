import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority in a folder of its own, and what it signs; by openssl. */
export class CertificateAuthority {
  readonly ca: string;

  constructor(
    private readonly folder: string,
    name: string,
  ) {
    mkdirSync(folder, { recursive: true });
    this.ca = join(folder, 'ca.crt');
    const key = join(folder, 'ca.key');
    openssl('req', '-x509', ...NEW_KEY, '-days', '365', '-keyout', key, '-out', this.ca, '-subj', `/CN=${name}`);
  }

  /**
   * @param names as in a subjectAltName: `DNS:localhost,IP:127.0.0.1`
   * @param days below zero for one that has expired
   */
  sign(
    name: string,
    { names = 'DNS:localhost,IP:127.0.0.1', days = 365 }: { names?: string; days?: number } = {},
  ): Certificate {
    const file = (ending: string): string => join(this.folder, `${name}.${ending}`);
    openssl('req', ...NEW_KEY, '-keyout', file('key'), '-out', file('csr'), '-subj', `/O=outrider/CN=${name}`);
    writeFileSync(
      file('ext'),
      `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    openssl(
      ...['x509', '-req', '-in', file('csr'), '-CA', this.ca, '-CAkey', join(this.folder, 'ca.key')],
      ...['-CAcreateserial', '-days', String(days), '-out', file('crt'), '-extfile', file('ext')],
    );
    return { cert: file('crt'), key: file('key') };
  }
}

const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes'];

/** Key and certificate in one file, as a broker reads them. @returns its path */
export function pemStore({ cert, key }: Certificate): string {
  const file = cert.replace(/\.crt$/, '.pem');
  writeFileSync(file, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
  return file;
}

/** The same key, encrypted. @returns its path */
export function encryptedKey(key: string, passphrase: string): string {
  const file = `${key}.encrypted`;
  openssl('pkcs8', '-topk8', '-in', key, '-out', file, '-passout', `pass:${passphrase}`);
  return file;
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
