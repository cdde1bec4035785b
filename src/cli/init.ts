import type { Command } from 'commander';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { UnusableFileError, UsageError, messageOf } from '../errors.js';
import { packageRoot } from '../package-root.js';
import type { CliContext, CommonOptions } from './context.js';
import { common } from './options.js';
import { Printer } from './output.js';

const FILES = ['outrider.yml', 'schemas/event.avsc'] as const;

export function initCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('init')
      .description('write a commented outrider.yml and a starter schema')
      .argument('[folder]', 'where', '.')
      .option('--force', 'overwrite what is there'),
    'outrider init watch && cd watch',
    'warn',
  ).action((folder: string, options: CommonOptions & { readonly force?: boolean }) =>
    init(folder, options, context),
  );
}

function init(
  folder: string,
  options: CommonOptions & { readonly force?: boolean },
  context: CliContext,
): void {
  const targets = FILES.map((file) => ({
    from: join(packageRoot(), 'examples', 'starter', file),
    to: join(folder, file),
  }));
  const existing = targets.find(({ to }) => existsSync(to));
  if (existing !== undefined && options.force !== true)
    throw new UsageError(`${existing.to} is there already; --force overwrites it`);
  try {
    for (const { from, to } of targets) {
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(from, to);
    }
  } catch (cause) {
    throw new UnusableFileError(`${folder}: cannot be written: ${messageOf(cause)}`, { cause });
  }
  const printer = new Printer(context.stdout, context.environment);
  const inside = relative('.', folder);
  const written = targets.map(({ to }) => relative('.', to));
  if (options.json === true) printer.json({ written });
  else {
    for (const file of written) printer.line(`wrote ${file}`);
    printer.line(
      `Next: ${inside === '' ? '' : `cd ${inside}, `}put your schema and features in, then \`outrider train --data FILE\`, \`outrider check\`, \`outrider run\`.`,
    );
  }
}
