/**
 * The short form of `npm run chaos`: a storm with every group of faults in it that has to leave nothing behind, and the
 * controls, each with a fault in its delivery that the suite has to find. See docs/RELIABILITY.md.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHAOS = fileURLToPath(new URL('../../chaos/run.js', import.meta.url));

interface Report {
  readonly passed: boolean;
  readonly reckoning: {
    readonly expected: number;
    readonly found: number;
    readonly faults: Readonly<Record<string, number>>;
  };
  readonly faults: Readonly<Record<string, number>>;
  readonly byKind: readonly { readonly group: string; readonly inflicted: number }[];
}

async function chaos(
  ...args: readonly string[]
): Promise<{ code: number | null; report: Report; stderr: string }> {
  const child = spawn(process.execPath, [CHAOS, '--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  assert.notEqual(stdout, '', `the suite itself failed:\n${stderr}`);
  return { code, report: JSON.parse(stdout) as Report, stderr };
}

test('a storm of faults leaves nothing missing, twice, out of order or open', async () => {
  const { code, report, stderr } = await chaos('--seed', '12', '--minutes', '1.1');
  assert.equal(code, 0, stderr);
  assert.ok(report.passed);
  assert.ok(report.reckoning.expected > 5000, `${report.reckoning.expected} verdicts are due`);
  assert.equal(report.reckoning.found, report.reckoning.expected);
  assert.deepEqual(
    Object.entries({ ...report.reckoning.faults, ...report.faults }).filter(([, count]) => count !== 0),
    [],
  );
  for (const group of ['worker', 'broker', 'network', 'input']) {
    assert.ok(
      report.byKind.some((kind) => kind.group === group && kind.inflicted > 0),
      `there was a ${group} fault`,
    );
  }
});

const CONTROLS: readonly [name: string, faults: string][] = [
  ['offset-before-fence', 'commit held'],
  ['commit-retried', 'response of EndTxn'],
  ['offsets-outside', 'after its commit'],
  ['one-epoch', 'written again'],
];

for (const [control, faults] of CONTROLS) {
  test(`the suite finds the control ${control}`, async () => {
    const { code, report, stderr } = await chaos(
      '--seed',
      '11',
      '--control',
      control,
      '--faults',
      faults,
      '--count',
      '4',
    );
    assert.equal(code, 1, stderr);
    assert.ok((report.reckoning.faults.duplicates ?? 0) > 0, stderr);
    assert.match(stderr, /EXACTLY ONCE DID NOT HOLD: \d+ duplicates/);
  });
}
