/** A program may use kafkajs as well, whichever of the two it imports first. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';

const OURS = `import { subscribe } from ${JSON.stringify(pathToFileURL(join(packageRoot(), 'build', 'src', 'index.js')).href)};`;
const THEIRS = `import kafkajs from 'kafkajs';`;
const USE = `console.log(typeof subscribe, typeof new kafkajs.Kafka({ brokers: ['localhost:1'] }).producer().send);`;

for (const [order, program] of [
  ['after', [OURS, THEIRS, USE]],
  ['before', [THEIRS, OURS, USE]],
] as const) {
  test(`kafkajs imported ${order} outrider`, () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program.join('\n')],
      {
        cwd: packageRoot(),
        encoding: 'utf8',
      },
    );
    assert.equal(stdout, 'function function\n', stderr);
  });
}
