/** ONNX models need a package that Outrider does without: with it, and without. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { writeModel } from '../../src/detect/model-file.js';
import { seededRandom } from '../../src/detect/random.js';
import { FEATURES, importModel, onnxFile } from '../support/onnx-models.js';
import { outrider } from '../support/outrider.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-onnx-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

before(async () => {
  const { model } = await importModel('forest', onnxFile('isolation-forest'));
  writeModel(join(folder, 'model'), model);
  const fields = FEATURES.map((name) => ({ name, type: 'double' }));
  writeFileSync(join(folder, 'event.avsc'), JSON.stringify({ type: 'record', name: 'Event', fields }));
  writeFileSync(
    join(folder, 'rows.csv'),
    `${FEATURES.join()}\n1,44,1,-18000,0.5,6.6\n90,44,1,-18000,0.5,6.6\n`,
  );
  const config = {
    group: 'g',
    input: { topic: 't', schema: 'event.avsc' },
    features: FEATURES,
    detector: { type: 'onnx', model: 'model' },
  };
  writeFileSync(join(folder, 'outrider.yml'), stringify(config));
});

test('with onnxruntime-node a file is scored, and the command ends', async () => {
  const { code, stdout, stderr } = await outrider(['score', 'rows.csv'], { cwd: folder });
  assert.equal(code, 0, stderr);
  const scores = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { score: number }).score);
  assert.ok(scores.length === 2 && (scores[0] as number) < (scores[1] as number), stdout);
});

test('a model is imported by train, calibrated on rows, and scores them', async () => {
  const random = seededRandom(1);
  const rows = Array.from({ length: 200 }, () =>
    [1 + 40 * random(), 44, random(), -18_000 + 100 * random(), random(), 6 + random()].join(),
  );
  writeFileSync(join(folder, 'history.csv'), [FEATURES.join(), ...rows, ''].join('\n'));
  writeFileSync(join(folder, 'forest.onnx'), onnxFile('isolation-forest'));
  const imported = ['--data', 'history.csv', '--import', 'forest.onnx', '--out', 'imported', '--json'];
  const { code, stdout, stderr } = await outrider(['train', ...imported], { cwd: folder });
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { rows: number }).rows, 200);
  const config = readFileSync(join(folder, 'outrider.yml'), 'utf8');
  writeFileSync(join(folder, 'imported.yml'), config.replace('model: model', 'model: imported'));
  const scored = await outrider(['score', 'history.csv', '--config', 'imported.yml'], { cwd: folder });
  assert.equal(scored.code, 0, scored.stderr);
  assert.equal(scored.stdout.trim().split('\n').length, 200);

  const without = await outrider(['train', '--data', 'history.csv', '--out', 'other'], { cwd: folder });
  assert.equal(without.code, 2, without.stderr);
  assert.match(without.stderr, /--import FILE/);
});

test('without it: exit 4, and the line that installs it', async () => {
  const environment = { NODE_PATH: '' };
  const { code, stdout, stderr } = await outrider(['score', 'rows.csv'], { cwd: folder, environment });
  assert.equal(code, 4, stderr);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^outrider: the detector 'onnx' needs the package onnxruntime-node, which is not installed; .*: npm install --ignore-scripts onnxruntime-node$/m,
  );
  assert.ok(!stderr.includes('    at '), stderr);
});

test('without it, what needs no ONNX model goes on', async () => {
  const rules = { type: 'threshold', rules: [{ feature: 'f0', above: 50 }] };
  const config = {
    group: 'g',
    input: { topic: 't', schema: 'event.avsc' },
    features: FEATURES,
    detector: rules,
  };
  writeFileSync(join(folder, 'rules.yml'), stringify(config));
  const { code, stderr } = await outrider(['score', 'rows.csv', '--config', 'rules.yml'], {
    cwd: folder,
    environment: { NODE_PATH: '' },
  });
  assert.equal(code, 0, stderr);
});
