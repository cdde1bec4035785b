/**
 * Builds dist/ where the sources are: in a clone, and before a package is packed. In an installed package there are none;
 * some ways of npx and npm run this there all the same, and dist/ has to stay.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { URL, fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
if (existsSync(`${root}/src`))
  process.exitCode = spawnSync('npm run build', { cwd: root, stdio: 'inherit', shell: true }).status ?? 1;
