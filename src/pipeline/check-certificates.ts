import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.js';
import { brokerCertificate } from '../kafka/broker-certificates.js';
import { certificatesOf } from '../kafka/tls-files.js';
import type { Clock } from '../model.js';
import type { Finding } from './finding.js';

const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

/** How long the certificates that a connection depends on are still good: the client's, its CAs, the brokers'. */
export async function* checkCertificates({ kafka }: Config, clock: Clock): AsyncGenerator<Finding> {
  const { tls } = kafka;
  if (tls === null) return;
  const found: { readonly where: string; readonly certificate: X509Certificate }[] = [];
  for (const key of ['ca', 'cert'] as const) {
    const file = tls[key];
    if (file === undefined) continue;
    for (const certificate of certificatesOf(key, file, readFileSync(file, 'utf8')))
      found.push({ where: `kafka.tls.${key} ${file}`, certificate });
  }
  for (const address of kafka.brokers) {
    const certificate = await brokerCertificate(kafka, address);
    if (certificate !== null) found.push({ where: `broker ${address}`, certificate });
  }
  let first: { readonly where: string; readonly days: number } | null = null;
  for (const { where, certificate } of found) {
    const days = Math.floor((Date.parse(certificate.validTo) - clock()) / DAY_MS);
    if (first === null || days < first.days) first = { where, days };
    if (days >= SOON_DAYS) continue;
    const subject = certificate.subject.replaceAll('\n', ', ');
    const when = days < 0 ? 'has expired' : `expires in ${days} days`;
    yield {
      level: 'warning',
      what: 'certificates',
      message: `${where} (${subject}): ${when}, ${certificate.validTo}; a file that is replaced is used from the next connection on`,
    };
  }
  if (first !== null && first.days >= SOON_DAYS)
    yield {
      level: 'ok',
      what: 'certificates',
      message: `the first to expire, in ${first.days} days: ${first.where}`,
    };
}
