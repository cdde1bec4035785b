import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CommanderError } from 'commander';
import { PEERS } from '../../bench/peers/catalogue.js';
import { chart } from '../../bench/peers/chart.js';
import { rotated } from '../../bench/peers/compare.js';
import { parseCores } from '../../bench/peers/cores.js';
import { type PeerSample, verifyAnomalies, verifyWritten } from '../../bench/peers/measure.js';
import { parseOptions } from '../../bench/peers/options.js';
import { processUsage } from '../../bench/peers/process-usage.js';
import { type PeerResult, ratios, reportJson, reportText } from '../../bench/peers/report.js';
import { median, spread } from '../../bench/statistics.js';
import { parseXml } from '../support/parse-xml.js';

const NAMES = PEERS.map(({ name }) => name);

function sample(eventsPerSecond: number): PeerSample {
  return { eventsPerSecond, events: 1000, anomalies: 10, cpuSecondsPerMillion: 4.25, peakMegabytes: 200.4 };
}

function result(name: string, rates: readonly number[], fault: string | null = null): PeerResult {
  return { name, label: name.toUpperCase(), about: `about ${name}`, samples: rates.map(sample), fault };
}

const RESULTS = [
  result('outrider', [200_000, 100_000, 150_000]),
  result('others', [50_000, 50_000, 50_000]),
  result('broken', [1], 'no module named sklearn'),
];

test('bench:peers takes its flags, and knows the peers', () => {
  assert.deepEqual(parseOptions([], NAMES), {
    events: 1_000_000,
    runs: 5,
    only: NAMES,
    json: false,
    plot: null,
    pin: true,
  });
  const flags = ['--runs', '2', '--events', '500', '--only', 'outrider', '--only', 'quix-streams'];
  assert.deepEqual(parseOptions([...flags, '--json', '--plot', 'x.svg', '--no-pin'], NAMES), {
    events: 500,
    runs: 2,
    only: ['outrider', 'quix-streams'],
    json: true,
    plot: 'x.svg',
    pin: false,
  });
  for (const wrong of [['--runs', '0'], ['--events', '1e6'], ['--only', 'nobody'], ['--fast'], ['more']])
    assert.throws(() => parseOptions(wrong, NAMES), CommanderError, wrong.join(' '));
});

test('a median is that of the middle, of an even count the mean of the two', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 10, 2]), 3);
  assert.ok(Number.isNaN(median([])));
  assert.deepEqual(spread([3, 1, 9]), { median: 3, min: 1, max: 9 });
});

test('ratios are those within a run', () => {
  assert.deepEqual(ratios(RESULTS), [{ of: 'outrider', to: 'others', runs: [4, 2, 3], cpuRuns: [1, 1, 1] }]);
  assert.deepEqual(ratios(RESULTS.slice(1)), [], 'without Outrider there is nothing to compare with');
});

test('the report has a row for each peer that was measured, and the reason for each that was not', () => {
  const text = reportText(RESULTS, 'one core each');
  assert.match(text, /^\| outrider \| 150,000 \| 100,000 \| 200,000 \| 4\.3 \| 200 \| 1,000 \| 10 \|$/m);
  assert.match(text, /^- outrider \/ others: 4\.00, 2\.00, 3\.00; median 3\.00$/m);
  assert.match(text, /^- others \/ outrider: 1\.00, 1\.00, 1\.00; median 1\.00$/m);
  assert.match(text, /^NOT MEASURED:\n\n- broken: no module named sklearn$/m);
  assert.doesNotMatch(text, /^\| broken/m);
  const { peers, failed } = reportJson(RESULTS, '') as { peers: { name: string }[]; failed: object[] };
  assert.deepEqual(
    peers.map(({ name }) => name),
    ['outrider', 'others'],
  );
  assert.deepEqual(failed, [{ name: 'broken', reason: 'no module named sklearn' }]);
});

test('the chart has a bar for each peer that was measured', () => {
  const elements = parseXml(chart(RESULTS, 'one core each'));
  assert.equal(elements.filter(({ name }) => name === 'rect').length, 2);
  assert.ok(elements.some(({ text }) => text === '150,000'));
  assert.ok(elements.some(({ text }) => text === 'OTHERS'));
});

test('a peer that skips the work is found out', () => {
  verifyAnomalies(1000, 100_000);
  assert.throws(() => verifyAnomalies(0, 100_000), /0 anomalies/);
  assert.throws(() => verifyAnomalies(50_000, 100_000), /50000 anomalies/);
  verifyWritten(['1', '2'], 2);
  assert.throws(() => verifyWritten(['1'], 2), /1 records of 1 events/);
  assert.throws(() => verifyWritten(['1', '1'], 2), /2 records of 1 events/);
  assert.throws(() => verifyWritten(['1', '2', '2'], 2), /3 records of 2 events/);
});

test('each peer is the first in some run', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((run) => rotated(['a', 'b', 'c'], run)),
    [
      ['a', 'b', 'c'],
      ['b', 'c', 'a'],
      ['c', 'a', 'b'],
      ['a', 'b', 'c'],
    ],
  );
});

test('the kernel says which cores there are, and what a process has used', () => {
  assert.deepEqual(parseCores('0-2,5'), [0, 1, 2, 5]);
  assert.deepEqual(parseCores('3'), [3]);
  assert.deepEqual(parseCores(''), []);
  while (process.cpuUsage().system < 300_000) readFileSync('/proc/self/status');
  const { user, system } = process.cpuUsage();
  const usage = processUsage(process.pid);
  assert.ok(Math.abs(usage.cpuSeconds - (user + system) / 1e6) < 0.1, `${usage.cpuSeconds} s`);
  assert.ok(Math.abs(usage.peakMegabytes - process.resourceUsage().maxRSS / 1024) < 20);
});
