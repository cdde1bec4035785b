import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type TLSSocket, connect } from 'node:tls';
import type { KafkaConfig } from './client.js';
import { readTlsFiles } from './tls-files.js';

/**
 * The certificate that a broker shows, whatever it is worth: the connection is not used for anything else.
 * @param address `host:port`
 * @returns null when it shows none within `connectionTimeoutMs`
 */
export async function brokerCertificate(
  { tls, connectionTimeoutMs }: KafkaConfig,
  address: string,
): Promise<X509Certificate | null> {
  if (tls === null) return null;
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const name = isIP(host) === 0 ? { servername: tls.servername ?? host } : {};
  let socket: TLSSocket | null = null;
  try {
    return await new Promise<X509Certificate | null>((resolve) => {
      const opened = connect(
        { host, port: Number(port), secureContext: readTlsFiles(tls), rejectUnauthorized: false, ...name },
        () => resolve(opened.getPeerX509Certificate() ?? null),
      );
      socket = opened;
      opened.setTimeout(connectionTimeoutMs, () => resolve(null));
      // Why it cannot be reached is said by those who want something of it.
      opened.on('error', () => resolve(null));
    });
  } finally {
    (socket as TLSSocket | null)?.destroy();
  }
}
