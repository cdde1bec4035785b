/**
 * Writes sbom.cdx.json, a CycloneDX bill of what the package needs at run time, from the lock file alone: no network,
 * and the same bytes from the same lock file.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';

const root = new URL('../', import.meta.url);
const { name } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const flags = [
  '--sbom-format',
  'cyclonedx',
  '--sbom-type',
  'application',
  '--omit',
  'dev',
  '--package-lock-only',
];
const output = execFileSync('npm', ['sbom', ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
const bill = JSON.parse(output.toString('utf8'));
// npm names the folder, the hour and a random number.
delete bill.serialNumber;
delete bill.metadata.timestamp;
bill.metadata.component.name = name;
writeFileSync(new URL('sbom.cdx.json', root), `${JSON.stringify(bill, null, 2)}\n`);
