/** `npm run bench:kernel`: what scoring a row with an isolation forest costs, beside the same in C and scikit-learn. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { cProgram } from './c-program.js';
import { contendersFor } from './contenders.js';
import { median } from '../statistics.js';
import { type Scikit, startScikit } from './scikit.js';
import { fileOf, workloadOf } from './workload.js';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '7' },
    rows: { type: 'string', default: '20000' },
    features: { type: 'string', multiple: true, default: ['3', '8', '30', '166'] },
    /** A Python that has scikit-learn. */
    python: { type: 'string' },
  },
});

interface Result {
  readonly features: number;
  readonly name: string;
  /** Nanoseconds of processor time a row: a busy machine takes longer, but not more of it. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Of C with eight rows side by side, run by run, and the median of that; null without C. */
  readonly ofC: number | null;
}

const runs = Number(flags.runs);
// forest.c takes whole eights.
const rows = Math.ceil(Number(flags.rows) / 8) * 8;
const program = cProgram(cacheFolder(process.env));
if (program === null) process.stderr.write('there is no cc: without the program in C\n');
const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-kernel-'));
const results: Result[] = [];
let version: string | null = null;
try {
  for (const features of flags.features.map(Number)) results.push(...(await measured(features)));
} finally {
  rmSync(folder, { recursive: true });
}

if (flags.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else print();

async function measured(features: number): Promise<Result[]> {
  const workload = await workloadOf(features, rows);
  process.stderr.write(
    `${features} features, ${rows} rows, ${runs} runs; trained in ${Math.round(workload.trainMs)} ms …\n`,
  );
  const places = { program, input: join(folder, `${features}.bin`), sums: join(folder, `${features}.sums`) };
  writeFileSync(places.input, fileOf(workload));
  await using scikit: Scikit | null =
    flags.python === undefined ? null : await startScikit(flags.python, places.input);
  version = scikit?.version ?? version;
  const contenders = await contendersFor(workload, places, scikit);
  const taken = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await contender.measure();
  // One after the other within each run, so that a machine that changes its speed changes all of them.
  for (let run = 0; run < runs; run++)
    for (const contender of contenders) taken.get(contender.name)?.push(await contender.measure());
  const limit = taken.get('C, eight rows side by side') ?? null;
  return [...taken].map(([name, ns]) => ({
    features,
    name,
    median: median(ns),
    min: Math.min(...ns),
    max: Math.max(...ns),
    ofC: limit === null ? null : median(ns.map((value, run) => value / (limit[run] as number))),
  }));
}

function print(): void {
  const about = [`Node ${process.version}`, version, cpus()[0]?.model, 'one thread'];
  process.stdout.write(
    `\n100 trees × 256 rows, ${rows} rows scored, processor time, medians of ${runs} runs; ${about.filter((text) => text != null).join(', ')}\n\n` +
      '| features | who | ns a row | min | max | of C |\n|--:|---|--:|--:|--:|--:|\n',
  );
  for (const { features, name, median: ns, min, max, ofC } of results) {
    const cells = [features, name, ns.toFixed(0), min.toFixed(0), max.toFixed(0), ofC?.toFixed(2) ?? ''];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}
