import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

/** A certificate authority in a folder of its own, and what it signs; by openssl. */
export class CertificateAuthority {
  readonly ca: string;
  private readonly config: string;

  constructor(
    private readonly folder: string,
    name: string,
  ) {
    mkdirSync(folder, { recursive: true });
    this.ca = this.file('ca.crt');
    const key = this.file('ca.key');
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '365',
      '-keyout',
      key,
      '-out',
      this.ca,
      '-subj',
      `/CN=${name}`,
    );
    this.config = this.file('ca.cnf');
    writeFileSync(this.file('index'), '');
    writeFileSync(this.file('index.attr'), 'unique_subject = no\n');
    writeFileSync(
      this.config,
      `[ca]
default_ca = own
[own]
database = ${this.file('index')}
new_certs_dir = ${folder}
certificate = ${this.ca}
private_key = ${key}
rand_serial = yes
default_md = sha256
policy = any
[any]
organizationName = optional
commonName = supplied
`,
    );
  }

  /**
   * A new key and its certificate, in the place of what this one signed for the same file before.
   * @param names as in a subjectAltName: `DNS:localhost,IP:127.0.0.1`
   * @param expiresAtMs Unix ms, which may be over already
   */
  sign(
    name: string,
    {
      file = name,
      names = 'DNS:localhost,IP:127.0.0.1',
      expiresAtMs = Date.now() + 365 * DAY_MS,
    }: { file?: string; names?: string; expiresAtMs?: number } = {},
  ): Certificate {
    const [cert, key, request] = ['crt', 'key', 'csr'].map((ending) => this.file(`${file}.${ending}`)) as [
      string,
      string,
      string,
    ];
    const extensions = this.file(`${file}.ext`);
    openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/O=outrider/CN=${name}`);
    writeFileSync(extensions, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    openssl(
      ...['ca', '-batch', '-notext', '-config', this.config, '-in', request, '-out', cert],
      ...[
        '-extfile',
        extensions,
        '-startdate',
        asn1Time(Date.now() - 400 * DAY_MS),
        '-enddate',
        asn1Time(expiresAtMs),
      ],
    );
    return { cert, key };
  }

  private file(name: string): string {
    return join(this.folder, name);
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** 20261121224500Z */
function asn1Time(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+|[-:T]/g, '');
}

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
