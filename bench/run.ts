/** `npm run bench`: how fast a worker process is, against a broker on the same machine. Needs the built package. */
import { parseArgs } from 'node:util';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { pino } from 'pino';
import { cacheFolder } from '../src/local-broker/cache-folder.js';
import { startGuardedBroker } from '../src/local-broker/guarded-broker.js';
import { prepareBench } from './bench-topic.js';
import { type Measurement, RATIOS, SCENARIOS, measure } from './scenarios.js';
import { median } from './statistics.js';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    events: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true },
    /** A folder for a CPU profile of each measured process; see profile-report.ts. Costs a few per cent. */
    profile: { type: 'string' },
  },
});

const events = Number(flags.events);
const runs = Number(flags.runs);
const log = pino({ level: 'silent' });
const named = process.env.KAFKA_BROKERS;
await using broker =
  named === undefined || named === ''
    ? await startGuardedBroker(cacheFolder(process.env), log, (text) => process.stderr.write(`${text}\n`))
    : null;
const brokers = broker?.brokers ?? (named as string).split(',');
process.stderr.write(`${events} events on 4 partitions, ${runs} runs each …\n`);
const results: Measurement[] = [];
const wanted = SCENARIOS.filter(({ name, isExtra }) => flags.only?.includes(name) ?? isExtra !== true);
const compressions = new Set(wanted.map(({ compression }) => compression ?? 'none'));
await using topic = await prepareBench(brokers, events, compressions, log);
await using poisonedTopic = wanted.some(({ isPoisoned }) => isPoisoned === true)
  ? await prepareBench(brokers, events, new Set(), log, 'poisoned')
  : null;
const byName = new Map<string, Measurement['samples'][number][]>(wanted.map(({ name }) => [name, []]));
// Scenario by scenario within each run, so that a machine that changes its speed changes all of them.
for (let run = 0; run < runs; run++) {
  for (const scenario of wanted) {
    const sample = await measure(
      scenario,
      scenario.isPoisoned === true ? (poisonedTopic ?? topic) : topic,
      flags.profile === undefined
        ? null
        : { folder: flags.profile, name: `${scenario.name}-${run + 1}.cpuprofile` },
    );
    byName.get(scenario.name)?.push(sample);
    process.stderr.write(`  run ${run + 1}: ${scenario.name} ${Math.round(sample.value)} ${scenario.unit}\n`);
  }
}
for (const { name, unit } of wanted) results.push({ name, unit, samples: byName.get(name) ?? [] });

const rows = results.map(({ name, unit, samples }) => {
  const values = samples.map(({ value }) => value).sort((a, b) => a - b);
  return {
    name,
    unit,
    median: Math.round(median(values) * 100) / 100,
    min: Math.round((values[0] ?? NaN) * 100) / 100,
    max: Math.round((values.at(-1) ?? NaN) * 100) / 100,
    runs: values.length,
    cpuSeconds: Math.round(median(samples.map(({ cpuSeconds }) => cpuSeconds)) * 100) / 100,
    peakMegabytes: Math.round(median(samples.map(({ peakMegabytes }) => peakMegabytes))),
  };
});

if (flags.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else {
  process.stdout.write(
    `\nNode ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'} × ${availableParallelism()}, ${Math.round(totalmem() / 2 ** 30)} GiB, broker on the same machine\n\n`,
  );
  process.stdout.write(
    '| what | median | min | max | unit | CPU s | peak MB |\n|---|--:|--:|--:|---|--:|--:|\n',
  );
  for (const r of rows) {
    const show = (value: number): string =>
      value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(value);
    process.stdout.write(
      `| ${r.name} | ${show(r.median)} | ${show(r.min)} | ${show(r.max)} | ${r.unit} | ${r.cpuSeconds} | ${r.peakMegabytes} |\n`,
    );
  }
  for (const [one, other] of RATIOS) {
    const [ones, others] = [one, other].map(
      (name) => results.find((result) => result.name === name)?.samples,
    );
    if (ones === undefined || others === undefined) continue;
    const ratios = ones.map(({ value }, i) => value / (others[i]?.value ?? NaN)).sort((a, b) => a - b);
    process.stdout.write(
      `\n${one} / ${other}, run by run: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}\n`,
    );
  }
}
