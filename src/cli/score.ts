import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { UnusableFileError } from '../errors.js';
import { columnMap, withMappedColumns } from '../files/column-map.js';
import { readRows } from '../files/read-rows.js';
import { plural } from '../plural.js';
import { type RowVerdict, scoreRows } from '../pipeline/score-file.js';
import type { RejectedRow } from '../pipeline/training-collector.js';
import { saidUnusable } from '../pipeline/unusable-row.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect, common } from './options.js';
import { grouped } from './output.js';
import { counted, startProgress } from './progress.js';

interface ScoreOptions extends CommonOptions {
  readonly map?: readonly string[];
}

export function scoreCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('score')
      .description('score the rows of a file with the configured model, without Kafka; JSON lines on stdout')
      .argument('<file>', '.csv, .jsonl (both also .gz) or .avro')
      .option(
        '--map <column=path>',
        "which field a column is, as in 'f*=values[*]'; may be repeated",
        collect,
      ),
    "outrider score history.csv.gz --map 'f*=values[*]'",
  ).action(async (file: string, options: ScoreOptions) => {
    const config = loadConfig(options.config, context.environment);
    const { rows, unscored, first } = await scoreFile(file, options.map ?? [], config, context);
    if (first === null) return;
    const without = `${grouped(unscored)} of ${plural(rows, 'row')} ${unscored === 1 ? 'has' : 'have'} no score`;
    const message = await saidUnusable(file, first, columnMap(options.map ?? []), config.features);
    if (unscored === rows) throw new UnusableFileError(`${file}: ${message}; ${without}`);
    context.stderr.write(`${without}; the first: ${message}\n`);
  });
}

interface Tally {
  readonly rows: number;
  readonly unscored: number;
  /** The first row without a score; null where all have one. */
  readonly first: RejectedRow | null;
}

/** A line on stdout for each row. */
async function scoreFile(
  file: string,
  entries: readonly string[],
  config: Config,
  context: CliContext,
): Promise<Tally> {
  using progress = startProgress(context.stdout.isTTY ? null : context.stderr, 'rows', 0);
  const source = counted(withMappedColumns(readRows(file), entries), progress);
  let [rows, unscored] = [0, 0];
  let first: RejectedRow | null = null;
  for await (const verdicts of scoreRows(source, columnMap(entries), config, context.signal)) {
    for (const verdict of verdicts) {
      rows++;
      if (!('error' in verdict)) continue;
      unscored++;
      first ??= { row: verdict.row, message: verdict.error };
    }
    const text = verdicts.map((verdict) => `${JSON.stringify(verdict satisfies RowVerdict)}\n`).join('');
    if (!context.stdout.write(text)) await new Promise((resolve) => context.stdout.once('drain', resolve));
  }
  return { rows, unscored, first };
}
