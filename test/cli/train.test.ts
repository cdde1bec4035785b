/** `outrider train` on files: what it prints, what it refuses, and where. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { readImport } from '../../src/cli/read-import.js';
import { isolationForest } from '../../src/detect/isolation-forest.js';
import { readModel } from '../../src/detect/model-file.js';
import { seededRandom } from '../../src/detect/random.js';
import { UnusableFileError, UsageError } from '../../src/errors.js';
import { outriderHere } from '../support/in-process.js';
import type { Finished } from '../support/outrider.js';

const cwd = mkdtempSync(join(tmpdir(), 'outrider-train-'));
process.chdir(cwd);
after(() => {
  process.chdir('/');
  rmSync(cwd, { recursive: true, force: true });
});

const ROWS = 400;

function configure(name: string, changes: Record<string, unknown> = {}, detector: object = {}): string {
  writeFileSync(
    join(cwd, name),
    stringify({
      group: 'g',
      input: { topic: 't', schema: 'event.avsc', time: 'at' },
      features: ['a', 'values[1]', { name: 'r', ratio: ['a', 'b'] }, { name: 'o', field: 'o', missing: 0 }],
      detector: { type: 'isolation-forest', trees: 10, model: 'model', ...detector },
      ...changes,
    }),
  );
  return name;
}

/** A row a minute. @param change puts other cells in */
function csv(
  name: string,
  change: (row: number) => Record<string, unknown> = () => ({}),
  columns = ['at', 'a', 'b', 'f0', 'f1', 'o'],
): string {
  const random = seededRandom(8);
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const at = new Date(1_700_000_000_000 + row * 60_000).toISOString();
    const cells: Record<string, unknown> = {
      at,
      a: random(),
      b: 1,
      f0: 0,
      f1: random(),
      o: '',
      ...change(row),
    };
    return columns.map((column) => cells[column]).join(',');
  });
  writeFileSync(join(cwd, name), [columns.join(','), ...lines].join('\n'));
  return name;
}

before(() => {
  const fields = ['a', 'b'].map((name) => ({ name, type: 'double' }));
  writeFileSync(
    join(cwd, 'event.avsc'),
    JSON.stringify({
      type: 'record',
      name: 'E',
      fields: [
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
        ...fields,
        { name: 'values', type: { type: 'array', items: 'double' } },
        { name: 'o', type: ['null', 'double'], default: null },
        { name: 'account', type: 'string' },
      ],
    }),
  );
  configure('outrider.yml');
  csv('good.csv');
});

const MAP = ['--map', 'f*=values[*]'];
const train = (...args: string[]): Promise<Finished> => outriderHere(['train', ...MAP, ...args]);

async function trained(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await train('--json', ...args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim().split('\n').length, 1, 'one line');
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const found = await train(...args);
  assert.equal(found.code, code, found.stderr);
  assert.equal(found.stderr.trim().split('\n').length, 1, found.stderr);
  assert.match(found.stderr, message);
}

test('what was learnt: rows, features with their ranges and constants, rate, threshold, time', async () => {
  const summary = await trained('--data', 'good.csv');
  assert.deepEqual(Object.keys(summary), [
    'model',
    'name',
    'version',
    'detector',
    'source',
    'imported',
    'rows',
    'rejected',
    'firstRejected',
    'rowsPerDay',
    'range',
    'features',
    'threshold',
    'thresholdRule',
    'shareAbove',
    'notes',
    'warnings',
    'seed',
    'seconds',
  ]);
  assert.deepEqual([summary.rows, summary.rejected, summary.rowsPerDay], [ROWS, 0, 1440]);
  assert.deepEqual((summary.features as object[])[3], {
    name: 'o',
    min: 0,
    max: 0,
    mean: 0,
    median: 0,
    constant: true,
  });
  assert.equal(summary.shareAbove, 0.01);
  assert.equal(readModel(join(cwd, 'model')).training.rowsPerDay, 1440);
  const { stdout } = await train('--data', 'good.csv');
  assert.match(stdout, /^isolation-forest model@[0-9a-f]{8} trained on 400 rows of good\.csv in \d+\.\d s\n/);
  assert.match(stdout, /about 1,440 events a day\n/);
  assert.match(
    stdout,
    /threshold 0\.\d{4} \(contamination 0\.01\), reached by 1 % of the training rows; written to model\n/,
  );
  assert.match(stdout, /1 of 4 features is constant\n/);
  assert.match(stdout, /\nvalues\[1\] +0\.00\d+ +0\.[45]\d+ .*\n/);
  assert.match(stdout, /\no +0 +0 +0 +0 +constant\n/);
});

test('hundreds of features do not flood the terminal', async () => {
  const columns = Array.from({ length: 60 }, (_, i) => `f${i}`);
  const config = configure('wide.yml', {
    features: ['values[0..59]'],
    input: { topic: 't', schema: 'event.avsc' },
  });
  const cells = (row: number): Record<string, unknown> =>
    Object.fromEntries(columns.map((name, i) => [name, (row * (i + 1)) % 17]));
  const { code, stdout, stderr } = await train('--config', config, '--data', csv('wide.csv', cells, columns));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\nvalues\[19\] /);
  assert.doesNotMatch(stdout, /values\[20\]/);
  assert.match(stdout, /… and 40 more; --json has all\n$/);
});

test('text, empty cells, infinities and absent columns: exit 4, the row as it is counted, its line, and the column', async () => {
  const at = (wanted: number, cells: Record<string, unknown>) => (row: number) =>
    row === wanted || row === 300 ? cells : {};
  await refused(
    ['--data', csv('text.csv', at(7, { a: 'hot' }))],
    4,
    /text\.csv: row 7 \(the first is 0\), line 9, column 'a': the cell is 'hot', not a number; 2 of 400 rows cannot be used; --skip-unusable/,
  );
  await refused(
    ['--data', csv('empty.csv', at(0, { f1: '' }))],
    4,
    /row 0 \(the first is 0\), line 2, column 'f1' \(values\[1\]\): the cell is empty; 2 of 400/,
  );
  for (const infinity of ['Infinity', '-Infinity', '1e999'])
    await refused(
      ['--data', csv('infinite.csv', at(5, { f1: infinity }))],
      4,
      new RegExp(`line 7, column 'f1' \\(values\\[1\\]\\): the cell is '${infinity}', not a finite number`),
    );
  await refused(
    ['--data', csv('nan.csv', at(5, { b: 'NaN' }))],
    4,
    /line 7, column 'b': the cell is 'NaN', not a number/,
  );
  // What no cell is to blame for is said of the feature.
  await refused(
    ['--data', csv('ratio.csv', at(5, { b: 0 }))],
    4,
    /row 5 \(the first is 0\), line 7: feature r is Infinity; 2 of 400/,
  );
  await refused(
    ['--data', csv('absent.csv', undefined, ['at', 'a', 'f0', 'f1'])],
    4,
    /row 0 .*no column for b: there are at, a, f0, f1; --map COLUMN=b names it; 400 of 400 rows cannot be used$/m,
  );
});

test('--skip-unusable leaves them out and counts them', async () => {
  csv('holes.csv', (row) => (row % 100 === 50 ? { a: 'x' } : row === 20 ? { b: 0 } : {}));
  const summary = await trained('--data', 'holes.csv', '--skip-unusable');
  assert.deepEqual([summary.rows, summary.rejected], [ROWS - 5, 5]);
  assert.deepEqual(summary.firstRejected, {
    row: 20,
    message: 'row 20 (the first is 0), line 22: feature r is Infinity',
  });
});

test('JSON lines have lines too; an empty line is none of the rows', async () => {
  const rows = Array.from({ length: 50 }, (_, i) =>
    JSON.stringify({ a: i, b: 1, values: [0, i === 30 ? null : i] }),
  );
  writeFileSync(join(cwd, 'rows.jsonl'), `\n${rows.join('\n')}\n`);
  await refused(
    ['--data', 'rows.jsonl'].concat([]),
    2,
    /--map f\*=values\[\*\]: the data have no such column/,
  );
  const { code, stderr } = await outriderHere(['train', '--data', 'rows.jsonl']);
  assert.equal(code, 4);
  assert.match(stderr, /rows\.jsonl: row 30 \(the first is 0\), line 32: values\[1\] has no value; 1 of 50/);
});

test('the event times say how many events a day has: without them a budget needs --events-per-day', async () => {
  const timed = await trained('--data', 'good.csv', '--alarms-per-day', '36');
  assert.deepEqual(timed.thresholdRule, { alarmsPerDay: 36 });
  assert.equal(timed.shareAbove, 0.025, '36 of 1440');
  csv('odd-times.csv', (row) => (row % 100 === 7 ? { at: '' } : {}));
  const some = await trained('--data', 'odd-times.csv');
  assert.equal(some.rejected, 0, 'nobody learns from the time');
  assert.ok(Math.abs(Number(some.rowsPerDay) - 1440) < 20, String(some.rowsPerDay));
  csv('timeless.csv', undefined, ['a', 'b', 'f0', 'f1']);
  assert.equal((await trained('--data', 'timeless.csv')).rowsPerDay, null);
  await refused(
    ['--data', 'timeless.csv', '--alarms-per-day', '36'],
    4,
    /timeless\.csv: the training data do not say how many events there are a day.*--events-per-day N/,
  );
  const said = await trained('--data', 'timeless.csv', '--alarms-per-day', '36', '--events-per-day', '1440');
  assert.deepEqual([said.rowsPerDay, said.shareAbove], [1440, 0.025]);
});

test('the configuration’s budget is what is trained for, and what score and check go by', async () => {
  const config = configure('budget.yml', {}, { threshold: { alarmsPerDay: 72 }, model: 'daily' });
  const summary = await trained('--config', config, '--data', 'good.csv');
  assert.deepEqual([summary.thresholdRule, summary.shareAbove], [{ alarmsPerDay: 72 }, 0.05]);
  const scored = async (file: string): Promise<number> => {
    const { code, stdout, stderr } = await outriderHere(['score', '--config', file, ...MAP, 'good.csv']);
    assert.equal(code, 0, stderr);
    return stdout.split('"isAnomaly":true').length - 1;
  };
  assert.equal(await scored(config), 20);
  // Another budget needs no training: the model has its scores and its rate.
  assert.equal(
    await scored(configure('half.yml', {}, { threshold: { alarmsPerDay: 36 }, model: 'daily' })),
    10,
  );
  assert.equal(await scored(configure('number.yml', {}, { threshold: 1, model: 'daily' })), 0);
  await trained('--data', csv('timeless.csv', undefined, ['a', 'b', 'f0', 'f1']), '--out', 'timeless');
  const timeless = configure('no-rate.yml', {}, { threshold: { alarmsPerDay: 36 }, model: 'timeless' });
  const refusal = await outriderHere(['score', '--config', timeless, ...MAP, 'good.csv']);
  assert.equal(refusal.code, 4);
  assert.match(refusal.stderr, /timeless: the training data do not say how many events there are a day/);
});

test('what a threshold cannot do is said', async () => {
  const rare = await trained('--data', 'good.csv', '--alarms-per-day', '1');
  assert.match(
    String(rare.warnings),
    /1 alarm a day is less than one of these 400 rows: the threshold is the score of the strangest/,
  );
  const often = await trained('--data', 'good.csv', '--alarms-per-day', '100000');
  assert.match(String(often.warnings), /more than half of the 1,440 events of a day/);
  csv('same.csv', (row) => ({ a: row % 2, b: 1, f1: row % 2 }));
  const tied = await trained('--data', 'same.csv');
  assert.match(
    String(tied.warnings),
    /50 % of the training rows reach the threshold, more than was asked for/,
  );
  const config = configure('fixed.yml', {}, { threshold: 0.7 });
  const fixed = await trained('--config', config, '--data', 'good.csv');
  assert.match(
    String(fixed.warnings),
    /fixed\.yml: detector\.threshold \(0\.7\) takes the place of the model's threshold when it runs: take it out, or write \{contamination: 0\.01\} there/,
  );
  assert.equal((await trained('--data', 'good.csv', '--threshold', '0.5')).threshold, 0.5);
});

test('too few rows, constant rows, and a folder that is somebody’s: exit 4 before anything is written', async () => {
  writeFileSync(join(cwd, 'few.csv'), 'a,b,f0,f1\n1,2,3,4\n2,2,3,4\n');
  await refused(
    ['--data', 'few.csv', '--out', 'new'],
    4,
    /few\.csv: 2 usable rows are too few to train on; 16 is the least/,
  );
  const cells = { a: 1, b: 1, f1: 1 };
  await refused(['--data', csv('constant.csv', () => cells), '--out', 'new'], 4, /all 400 rows are the same/);
  assert.ok(!existsSync(join(cwd, 'new')));
  await refused(['--data', 'good.csv', '--out', '.'], 4, /the model would replace the whole folder/);
  assert.ok(existsSync(join(cwd, 'good.csv')));
});

test('flags that do not go together: exit 2', async () => {
  await refused(['--data', 'good.csv', '--from-topic'], 2, /either --data FILE or --from-topic/);
  await refused(
    ['--data', 'good.csv', '--threshold', '0.5', '--contamination', '0.1'],
    2,
    /--contamination and --threshold: one of them sets the threshold/,
  );
  for (const [flag, value] of [
    ['--contamination', '0'],
    ['--contamination', '0.6'],
    ['--alarms-per-day', '0'],
    ['--alarms-per-day', 'x'],
    ['--threshold', '1.5'],
    ['--events-per-day', '-1'],
  ] as const)
    await refused(['--data', 'good.csv', flag, value], 2, new RegExp(`option '${flag} .*is wanted`));
  await refused(
    ['--data', 'good.csv', '--import', 'model.onnx'],
    2,
    /--import model\.onnx: the detector 'isolation-forest' is trained from rows/,
  );
});

test('a name is one that logs and records can hold; --last is for a topic', async () => {
  for (const name of ['', 'a/b', 'a\nb', 'ä', '..\\x'])
    await refused(['--data', 'good.csv', '--name', name], 2, /--name ".*": a model's name has only letters/);
  assert.equal((await trained('--data', 'good.csv', '--name', 'Orders 2.1_a-b')).name, 'Orders 2.1_a-b');
  await refused(['--data', 'good.csv', '--last', '50'], 2, /--last says how many events --from-topic reads/);
});

test('a range and a sample are of a topic, and not together with --last; bounds and samples are understood', async () => {
  await refused(
    ['--data', 'good.csv', '--from', '2h', '--sample', '50'],
    2,
    /--from and --sample: a sample is drawn of what --from-topic reads; --data FILE is read as a whole/,
  );
  for (const flags of [
    ['--from', 'earliest'],
    ['--to', '5'],
    ['--sample', '5'],
  ])
    await refused(
      ['--from-topic', '--last', '5', ...flags],
      2,
      new RegExp(`--last reads the end of the topic, ${flags[0]} a sample of a range: give one of the two`),
    );
  await refused(
    ['--from-topic', '--from', 'yesterday'],
    2,
    /--from.*earliest, latest, an offset, an ISO time/,
  );
  await refused(['--from-topic', '--sample', '0'], 2, /--sample.*at least 1 is wanted/);
  assert.equal((await trained('--data', 'good.csv')).range, null);
});

test('options that do nothing for a network that is trained here: exit 2, with their key', async () => {
  const file = configure('code.yml', {}, { type: 'autoencoder', trees: undefined, code: 'activated' });
  await refused(
    ['--config', file, '--data', 'good.csv'],
    2,
    /code\.yml: detector\.code: is for a network that is imported with --import/,
  );
  const detector = {
    type: 'ensemble',
    trees: undefined,
    members: ['knn', { type: 'autoencoder', scale: 'none' }],
  };
  await refused(
    ['--config', configure('member.yml', {}, detector), '--data', 'good.csv'],
    2,
    /member\.yml: detector\.members\[1\]\.scale: is for/,
  );
});

test('score: rows without a score are counted on stderr; where none has one, exit 4 as in train', async () => {
  await trained('--data', 'good.csv', '--out', 'scoring');
  const config = configure('scoring.yml', {}, { model: 'scoring' });
  const score = (...args: string[]): Promise<Finished> =>
    outriderHere(['score', '--config', config, ...args]);
  const bad = csv('some.csv', (row) => (row === 7 || row === 90 ? { a: 'hot' } : {}));
  const some = await score(bad, ...MAP);
  assert.equal(some.code, 0, some.stderr);
  assert.equal(some.stdout.trim().split('\n').length, ROWS, 'a line for each row');
  assert.equal(
    some.stderr,
    "2 of 400 rows have no score; the first: row 7 (the first is 0), line 9, column 'a': the cell is 'hot', not a number\n",
  );
  const none = await score('good.csv');
  assert.equal(none.code, 4);
  assert.match(
    none.stderr,
    /good\.csv: row 0 .*no column for values\[1\]: there are at, a, .*--map COLUMN=values\[1\] names it; 400 of 400 rows have no score$/m,
  );
  assert.equal((await score('good.csv', ...MAP)).stderr, '');
});

test('where there is no model, it is said how one is made', async () => {
  const said = async (detector: object): Promise<string> => {
    const file = configure('none.yml', {}, { trees: undefined, ...detector });
    const { code, stderr } = await outriderHere(['score', '--config', file, ...MAP, 'good.csv']);
    assert.equal(code, 4, stderr);
    return stderr;
  };
  const imported = /outrider train --import FILE --data FILE$/m;
  assert.match(await said({ type: 'onnx', model: undefined }), imported);
  assert.match(await said({ type: 'onnx', model: 'absent' }), imported);
  assert.match(await said({ type: 'knn', model: 'absent' }), /outrider train --data FILE$/m);
});

test('a file is imported where the kind of detector takes one', () => {
  const required = { ...isolationForest, type: 'foreign', imports: 'required' as const };
  assert.throws(
    () => readImport(required, undefined),
    (error) => error instanceof UsageError && error.message.includes('name its file with --import FILE'),
  );
  assert.equal(readImport({ ...required, imports: 'optional' }, undefined), null);
  writeFileSync(join(cwd, 'model.onnx'), 'bytes');
  const found = readImport(required, join(cwd, 'model.onnx'));
  assert.deepEqual([found?.name, Buffer.from(found?.bytes ?? []).toString()], ['model.onnx', 'bytes']);
  for (const file of [join(cwd, 'absent.onnx'), cwd])
    assert.throws(
      () => readImport(required, file),
      (error) => error instanceof UnusableFileError && error.message.startsWith(file),
    );
});
