import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { CLIENT_SECRET, type SecureBroker } from '../support/secure-broker/secure-broker.js';
import { SECRETS, WRONG_PASSWORD } from './identities.js';

/** Fails where one of the texts holds a secret, a token, or credentials as HTTP and SASL write them. */
export function assertHidden({ identity }: SecureBroker, texts: readonly string[], what: string): void {
  const plain = [...SECRETS, WRONG_PASSWORD];
  const coded = [
    ...plain.flatMap((secret) => ['alice', 'bob', 'outrider'].map((user) => `${user}:${secret}`)),
    `carol:${CLIENT_SECRET}`,
    ...plain,
  ].map((text) => Buffer.from(text).toString('base64').replace(/=+$/, ''));
  const bytes = plain.map((secret) => [...Buffer.from(secret)].join(','));
  const needles = [...plain, ...plain.map(encodeURIComponent), ...coded, ...bytes, ...identity.given];
  for (const [i, text] of texts.entries())
    for (const needle of needles)
      assert.ok(!text.includes(needle), `${what}: text ${i} holds '${needle.slice(0, 12)}…'`);
}

/** Of a process and its children. */
export async function commandLinesOf(pid: number): Promise<string[]> {
  const lines = [await readFile(`/proc/${pid}/cmdline`, 'utf8')];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // Others come and go meanwhile.
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    if (!status.includes(`\nPPid:\t${pid}\n`)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    lines.push(line);
  }
  assert.ok(
    lines.some((line) => line.includes('\0worker\0')),
    'a worker is among them',
  );
  return lines;
}
