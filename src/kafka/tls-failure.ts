import type { TlsConfig } from './tls-files.js';

/** Of a connection when it broke. */
type Stage = 'handshake' | 'first-answer' | 'in-use';

export interface TlsSituation {
  readonly tls: TlsConfig;
  /** That the broker's certificate has to hold. */
  readonly name: string;
  readonly stage: Stage;
}

export const TLS_WANTED = 'the port speaks TLS: set kafka.tls';
export const SASL_WANTED =
  'the broker hung up at the first question; if it goes on: it may want kafka.sasl, which is not set';
/** Said of a broker that closes the connection after the handshake, before any answer. */
export const HUNG_UP = 'the broker hung up after the TLS handshake';

/** The code of a broken connection of which is known what to do about it. */
const EXPLAINED = 'EXPLAINED';

/** Gives an error of a socket a message that says what to do; kafkajs keeps message and code. */
export function explain(error: NodeJS.ErrnoException, address: string, message: string): void {
  if (message === error.message && message !== TLS_WANTED && message !== SASL_WANTED) return;
  error.message = `${address}: ${message}`;
  error.code = EXPLAINED;
}

/** Whether anything in a chain of errors says already what to do about a connection. */
export function isExplained(error: unknown): boolean {
  let link = error;
  for (let depth = 0; link instanceof Error && depth < 8; depth++) {
    if ((link as NodeJS.ErrnoException).code === EXPLAINED) return true;
    link = link.cause;
  }
  return false;
}

/** What is wrong, where and what to do, for anything that goes wrong on a connection with TLS; one line. */
export function explainTls(error: NodeJS.ErrnoException, { tls, name, stage }: TlsSituation): string {
  const { code = '', message } = error;
  const own = tls.cert ?? null;
  const ca =
    tls.ca === undefined ? 'kafka.tls.ca (not set: the CAs that Node brings)' : `kafka.tls.ca (${tls.ca})`;
  if (UNKNOWN_CA.has(code)) return `the broker's certificate is not signed by a CA in ${ca} (${code})`;
  if (code === 'CERT_HAS_EXPIRED')
    return `the broker's certificate, or one above it, has expired (${code}): it has to be replaced on the broker, or in ${ca}`;
  if (code === 'CERT_NOT_YET_VALID')
    return `the broker's certificate is not valid yet (${code}): compare the clocks`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const holds = (error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname ?? 'no name';
    return `the broker's certificate is not for '${name}' but for ${holds}: connect by that name, or set kafka.tls.servername`;
  }
  const alert = ALERT.exec(`${code} ${message}`)?.[1]?.toLowerCase().replaceAll('_', ' ');
  if (alert !== undefined) {
    const about = ABOUT_CLIENT.some((text) => alert.includes(text));
    if (!about) return `the broker broke the TLS handshake off: ${alert}`;
    return own === null
      ? `the broker demands a client certificate (${alert}): set kafka.tls.cert and kafka.tls.key`
      : `the broker refuses the client certificate kafka.tls.cert (${own}): ${alert}`;
  }
  if (stage === 'handshake' && (code === 'ECONNRESET' || code === 'ERR_SSL_WRONG_VERSION_NUMBER'))
    return `the port does not answer with TLS (${code}): is it a listener without TLS? Then kafka.tls has to be false`;
  if (stage === 'first-answer' && (message === HUNG_UP || code === 'ECONNRESET' || code === 'EPIPE'))
    return own === null
      ? `${HUNG_UP}; if it goes on: it may demand a client certificate, set kafka.tls.cert and kafka.tls.key`
      : `${HUNG_UP}; if it goes on: it may refuse the client certificate kafka.tls.cert (${own})`;
  return message;
}

const UNKNOWN_CA: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
]);

/** OpenSSL's names of alerts: ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE, ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED. */
const ALERT = /(?:SSLV3|TLSV1|TLSV13)_ALERT_([A-Z_]+)/;
/** Alerts that a server sends about its client's certificate. */
const ABOUT_CLIENT = ['certificate', 'unknown ca', 'access denied', 'handshake failure'];
