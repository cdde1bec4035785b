/** `outrider evaluate` on files: tables, JSON, pictures, and what it refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../src/detect/random.js';
import { outriderHere } from '../support/in-process.js';
import type { Finished } from '../support/outrider.js';
import { parseXml } from '../support/parse-xml.js';

const cwd = mkdtempSync(join(tmpdir(), 'outrider-evaluate-'));
process.chdir(cwd);
after(() => {
  process.chdir('/');
  rmSync(cwd, { recursive: true, force: true });
});

before(() => {
  for (const [name, far] of [
    ['near.csv', 2],
    ['far.csv', 9],
  ] as const) {
    const random = seededRandom(far);
    const rows = Array.from({ length: 300 }, (_, i) => {
      const label = i % 20 === 0 ? 1 : 0;
      return `${random() + label * far * random()},${random()},${label}`;
    });
    writeFileSync(join(cwd, name), `x,y,label\n${rows.join('\n')}\n`);
  }
});

const evaluate = (...args: string[]): Promise<Finished> => outriderHere(['evaluate', ...args]);

async function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const found = await evaluate(...args);
  assert.equal(found.code, code, found.stderr);
  assert.equal(found.stderr.trim().split('\n').length, 1, found.stderr);
  assert.match(found.stderr, message);
}

const SMALL = '{type: isolation-forest, trees: 10}';

test('several files, detectors and runs: a row each, their means and deviations, and the means over files', async () => {
  const args = [
    '--data',
    'near.csv',
    'far.csv',
    '--detector',
    'isolation-forest',
    '--detector',
    SMALL,
    '--runs',
    '2',
  ];
  const { code, stdout, stderr } = await evaluate(...args);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '', 'no progress where stderr is no terminal');
  const [runs = '', spreads = '', means = ''] = stdout.split('\n\n');
  assert.match(runs, /^detector +data +rows +seed +AUROC +avg precision +precision +recall +F1 +rows\/s\n/);
  assert.equal(runs.split('\n').length, 1 + 2 * 2 * 2);
  assert.match(runs, /\nisolation-forest \{trees: 10\} +far\.csv +300 +1 +0\.\d{4} /);
  assert.match(spreads, /^mean ± standard deviation of 2 runs\n/);
  assert.equal(spreads.split('\n').length, 2 + 2 * 2);
  assert.match(spreads, /\nisolation-forest +near\.csv +0\.\d{4} ± 0\.\d{4} /);
  assert.match(means, /^mean over 2 files\ndetector +AUROC /);
  assert.match(means, /\nisolation-forest +0\.\d{4} .*\nisolation-forest \{trees: 10\} +0\.\d{4} /);
  // The figures are those of the JSON.
  const json = JSON.parse((await evaluate(...args, '--json')).stdout) as Record<string, unknown>[];
  assert.equal(json.length, 8);
  assert.deepEqual(
    json.map(({ detector, options, data, seed }) => [detector, options, data, seed]).slice(0, 5),
    [
      ['isolation-forest', undefined, 'near.csv', 0],
      ['isolation-forest', undefined, 'near.csv', 1],
      ['isolation-forest', { trees: 10 }, 'near.csv', 0],
      ['isolation-forest', { trees: 10 }, 'near.csv', 1],
      ['isolation-forest', undefined, 'far.csv', 0],
    ],
  );
  const aurocs = json.map(({ auroc }) => Number(auroc));
  const over = [0, 1, 4, 5].reduce((sum, i) => sum + (aurocs[i] ?? NaN), 0) / 4;
  assert.ok(means.includes(over.toFixed(4)), `${over}`);
  const [a = 0, b = 0] = aurocs;
  const spread = `${((a + b) / 2).toFixed(4)} ± ${(Math.abs(a - b) / Math.SQRT2).toFixed(4)}`;
  assert.ok(spreads.includes(spread), spread);
});

test('--contamination moves the threshold, and nothing else', async () => {
  const at = async (share: string): Promise<Record<string, number>> => {
    const { stdout } = await evaluate('--data', 'far.csv', '--contamination', share, '--json');
    return (JSON.parse(stdout) as Record<string, number>[])[0] ?? {};
  };
  const [few, many] = [await at('0.01'), await at('0.2')];
  assert.equal(few.auroc, many.auroc);
  assert.ok((few.threshold ?? 0) > (many.threshold ?? 1));
  assert.ok((few.recall ?? 1) < (many.recall ?? 0));
});

test('--plot writes a picture of every file and detector', async () => {
  const args = [
    '--data',
    'near.csv',
    '--data',
    'far.csv',
    '--detector',
    SMALL,
    '--runs',
    '2',
    '--plot',
    'q.svg',
  ];
  const { code, stdout, stderr } = await evaluate(...args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\nwrote q\.svg\n$/);
  const svg = readFileSync(join(cwd, 'q.svg'), 'utf8');
  assert.doesNotThrow(() => parseXml(svg));
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  assert.equal(svg.match(/<polyline/g)?.length, 2 * 3);
  assert.equal(svg.match(/>threshold 0\.\d+</g)?.length, 2);
  const { stdout: quiet } = await evaluate(...args, '--json');
  assert.equal((JSON.parse(quiet) as unknown[]).length, 4, 'nothing but JSON');
  await refused(['--data', 'far.csv', '--plot', 'q.png'], 2, /--plot q\.png: the picture is SVG/);
  await refused(['--data', 'far.csv', '--plot', 'nowhere/q.svg'], 4, /--plot nowhere\/q\.svg: ENOENT/);
});

test('a detector that is not there, is not trained, or has other options: exit 2', async () => {
  const detector = (text: string): string[] => ['--data', 'far.csv', '--detector', text];
  await refused(
    detector('isolation-forrest'),
    2,
    /'isolation-forrest' is not one of .*the nearest is 'isolation-forest'/,
  );
  await refused(detector('threshold'), 2, /'threshold' is not trained/);
  await refused(
    detector('{type: isolation-forest, treez: 5}'),
    2,
    /treez: unknown key; the nearest key is 'trees'/,
  );
  await refused(detector('{type: isolation-forest, trees: many}'), 2, /trees: expected number/);
  await refused(
    detector('{type: isolation-forest, seed: 5}'),
    2,
    /seed: each run has its own; give the first with --seed/,
  );
  await refused(
    detector('{type: autoencoder, scale: none}'),
    2,
    /--detector autoencoder \{scale: none\}: scale: is for a network that is imported/,
  );
  for (const key of ['model', 'threshold'])
    await refused(detector(`{type: knn, ${key}: 0.5}`), 2, new RegExp(`${key}: it has no place here`));
  await refused(detector('{trees: 5}'), 2, /write a type, or its options/);
  await refused(detector('{type'), 2, /--detector \{type: .* at line 1, column/);
  await refused([...detector(SMALL), '--detector', SMALL], 2, /it is given twice/);
  await refused(['--data', 'far.csv', 'far.csv'], 2, /--data far\.csv: it is given twice/);
  await refused(['--data', 'far.csv', '--seed', '4294967295', '--runs', '2'], 2, /run i uses seed \+ i/);
});

test('data that cannot be used: exit 4 with file, row, line and column', async () => {
  const bad = (text: string): string[] => {
    writeFileSync(join(cwd, 'bad.csv'), text);
    return ['--data', 'bad.csv'];
  };
  const rows = Array.from({ length: 20 }, (_, i) => `${i},0`).join('\n');
  for (const [cell, message] of [
    ['x', "is 'x', not a number"],
    ['', 'is empty'],
    ['" "', 'is empty'],
    ['Infinity', "is 'Infinity', not a finite number"],
    ['NaN', "is 'NaN', not a number"],
    ['0x1F', "is '0x1F', not a number"],
  ] as const)
    await refused(
      bad(`a,label\n1,0\n\n${cell},1\n`),
      4,
      new RegExp(`bad\\.csv: row 1 \\(the first is 0\\), line 4, column 'a': the cell ${message}$`, 'm'),
    );
  await refused(bad(`a,label\n${rows}\n1,2\n`), 4, /line 22, column 'label': the label is "2", not 0 or 1/);
  await refused(bad(`a,label\n${rows}\n1,\n`), 4, /line 22, column 'label': the label is empty/);
  await refused(bad(`a,label\n${rows}\n`), 4, /column 'label' has no 1 in 20 rows/);
  await refused(bad('a,label\n1,1\n2,1\n'), 4, /column 'label' has no 0 in 2 rows/);
  await refused(bad('label\n1\n0\n'), 4, /there is no column beside 'label'/);
  await refused(bad('a,label\n'), 4, /there are no rows/);
  await refused(bad('a,label\n1,0\n2\n'), 4, /bad\.csv: .*line 3/);
  await refused(bad('a,label\n1,0\n2,1\n'), 4, /bad\.csv: 2 usable rows are too few to train on/);
  await refused(
    [...bad(`a,label\n${rows}\n1,1\n`), '--label', 'lable'],
    4,
    /no column 'lable'; the nearest is 'label'/,
  );
  await refused(
    [...bad(`a,label\n${rows}\n1,1\n`), '--label', 'fraud'],
    4,
    /no column 'fraud'; there are a, label; name it with --label/,
  );
  writeFileSync(join(cwd, 'null.jsonl'), '{"a":1,"label":0}\n{"a":null,"label":1}\n');
  await refused(
    ['--data', 'null.jsonl'],
    4,
    /null\.jsonl: row 1 \(the first is 0\), line 2, column 'a': the cell is empty/,
  );
});
