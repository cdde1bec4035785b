/** `npm run detection`: every detector on every labelled set of a folder, and the tables of docs/DETECTION.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { trainableKinds } from '../../src/cli/evaluated-detector.js';
import { packageRoot } from '../../src/package-root.js';
import { measureAll } from './measure-all.js';
import { readPeers } from './peers.js';
import { detectionTables } from './tables.js';

const USAGE = `npm run detection -- --data FOLDER [--peers FILE.json] [--measurements FILE.jsonl]
                         [--detector TYPE …] [--runs 5] [--out docs/DETECTION.md | -]

  --data FOLDER         *.csv, *.csv.gz: a column 'label' that is 1 for an anomaly, every other column a feature
  --peers FILE.json     figures of scikit-learn beside ours: {"sets": {NAME: {"sameRows": {"auroc", "aurocSd", "ap",
                        "apSd"}, "normalOnly": {"forest": [auroc, ap], "knn": …, "rank": …}}}}
  --measurements FILE   keeps what was measured, a line each, and does not measure it again: remove what is old
  --out FILE            the page whose tables are replaced; - for stdout`;

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    peers: { type: 'string' },
    measurements: { type: 'string' },
    detector: { type: 'string', multiple: true },
    runs: { type: 'string', default: '5' },
    out: { type: 'string', default: join(packageRoot(), 'docs', 'DETECTION.md') },
    help: { type: 'boolean', default: false },
  },
});

const BEGIN = '<!-- detection:begin -->';
const END = '<!-- detection:end -->';

async function main(): Promise<number> {
  const runs = Number(flags.runs);
  if (flags.help || flags.data === undefined || !Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`${USAGE}\n`);
    return flags.help ? 0 : 2;
  }
  const kinds = trainableKinds().filter(({ type }) => flags.detector?.includes(type) ?? true);
  const peers = flags.peers === undefined ? null : readPeers(flags.peers);
  // Both before hours of work.
  const page = flags.out === '-' ? null : readFileSync(flags.out, 'utf8');
  const [from, to] = [page?.indexOf(BEGIN) ?? 0, page?.indexOf(END) ?? 0];
  if (from < 0 || to < from) throw new Error(`${flags.out} has no ${BEGIN} … ${END}`);
  const measurements = await measureAll({
    folder: flags.data,
    kinds,
    runs,
    file: flags.measurements ?? null,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const tables = detectionTables(measurements, peers);
  if (page === null) process.stdout.write(tables);
  else {
    const text = `${page.slice(0, from)}${BEGIN}\n\n${tables}\n${page.slice(to)}`;
    writeFileSync(flags.out, await format(text, { ...(await resolveConfig(flags.out)), parser: 'markdown' }));
  }
  return 0;
}

process.exitCode = await main();
