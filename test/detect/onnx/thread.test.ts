import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { judgeOf } from '../../../src/detect/judge.js';
import { OnnxSession } from '../../../src/detect/onnx/session.js';
import { FEATURES, WIDTH, importModel, onnxConfig, onnxFile } from '../../support/onnx-models.js';
import { Outrider } from '../../support/outrider.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-onnx-thread-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('while a model runs the event loop is free', async () => {
  const { model } = await importModel('isolation-forest', onnxFile('isolation-forest'));
  const { detector } = await judgeOf(model, onnxConfig(), FEATURES, FEATURES, 'forest');
  const rows = 20_000;
  const values = Float64Array.from({ length: rows * WIDTH }, (_, i) => i % 97);
  const before = performance.eventLoopUtilization();
  await detector.score(values, rows, new Float64Array(rows));
  const { utilization } = performance.eventLoopUtilization(before);
  assert.ok(utilization < 0.5, `busy for ${utilization} of the time`);
  await detector[Symbol.asyncDispose]?.();
});

test('what was asked before the end is answered, what comes after is refused', async () => {
  const opened = await OnnxSession.open(onnxFile('isolation-forest'), 1);
  const plan = { input: 'X', type: 'float32', width: WIDTH, batch: 64, alone: false } as const;
  const asked = opened.session.run(plan, ['scores'], new Float64Array(WIDTH * 500), 500);
  await Promise.all([opened.session[Symbol.asyncDispose](), opened.session[Symbol.asyncDispose]()]);
  assert.equal((await asked)[0]?.data.length, 500);
  await assert.rejects(opened.session.run(plan, ['scores'], new Float64Array(WIDTH), 1), /session is closed/);
});

test('a thread that dies fails what it had, and the next request starts another; an idle one keeps no process alive', async () => {
  const runtime = join(folder, 'onnxruntime-node');
  mkdirSync(runtime, { recursive: true });
  writeFileSync(
    join(runtime, 'index.js'),
    `class Tensor { constructor(type, data, dims) { this.type = type; this.data = data; this.dims = dims; } }
     const session = {
       inputMetadata: [], outputMetadata: [],
       run: async ({ x }) => {
         if (x.data[0] === 13) process.exit(1);
         return { y: new Tensor('float64', [x.data[0] * 10], [1]) };
       },
       release: async () => {},
     };
     module.exports = { Tensor, InferenceSession: { create: async () => session } };`,
  );
  const program = fileURLToPath(new URL('../../support/mortal-thread.js', import.meta.url));
  await using child = new Outrider([], { program, environment: { NODE_PATH: folder } });
  const { code, stdout, stderr } = await child.finished;
  assert.equal(code, 0, stderr);
  const ended = 'the thread of the model ended';
  const said = JSON.parse(stdout) as string[];
  assert.equal(said[0], '10');
  // The first of the three may or may not be answered before the thread is gone.
  assert.ok(said[1] === '20' || said[1] === ended, said[1]);
  assert.deepEqual(said.slice(2), [ended, ended, '40', '50']);
});
