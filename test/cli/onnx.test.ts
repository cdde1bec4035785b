/** ONNX models need a package that Outrider does without: with it, and without. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { writeModel } from '../../src/detect/model-file.js';
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
