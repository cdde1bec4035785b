import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { columnMap, withMappedColumns } from '../files/column-map.js';
import { readRows } from '../files/read-rows.js';
import { type RowVerdict, scoreRows } from '../pipeline/score-file.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect, common } from './options.js';
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
    const map = columnMap(options.map ?? []);
    using progress = startProgress(context.stdout.isTTY ? null : context.stderr, 'rows', 0);
    const rows = counted(withMappedColumns(readRows(file), options.map ?? []), progress);
    for await (const verdicts of scoreRows(rows, map, config, context.signal)) {
      const text = verdicts.map((verdict) => `${JSON.stringify(verdict satisfies RowVerdict)}\n`).join('');
      if (!context.stdout.write(text)) await new Promise((resolve) => context.stdout.once('drain', resolve));
    }
  });
}
