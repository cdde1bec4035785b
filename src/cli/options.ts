import { type Command, InvalidArgumentError, Option } from 'commander';
import { CONFIG_FILE_DEFAULT } from '../config/load.js';
import { parsePartitionList } from '../replay/request/partition-ranges.js';
import { LOG_LEVELS } from '../observe/log.js';

/** The options that every command has, and its example at the end of its help. */
export function common(
  command: Command,
  example: string,
  logLevel: (typeof LOG_LEVELS)[number] = 'info',
): Command {
  return command
    .option('-c, --config <file>', 'configuration file', CONFIG_FILE_DEFAULT)
    .addOption(
      new Option('--log-level <level>', 'least level of the log, which goes to stderr')
        .choices([...LOG_LEVELS])
        .default(logLevel),
    )
    .option('--json', 'print JSON on stdout and nothing else there')
    .addHelpText(
      'after',
      `\nExample:\n${example
        .split('\n')
        .map((line) => `  $ ${line}`)
        .join('\n')}`,
    );
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(
        `a whole number of at least ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`} is wanted`,
      );
    return value;
  };
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is wanted');
  return value;
}

/** `0,2-5` */
export function partitionList(text: string): readonly number[] {
  const partitions = parsePartitionList(text);
  if (typeof partitions === 'string') throw new InvalidArgumentError(partitions);
  return [...partitions].sort((a, b) => a - b);
}

export function workerCount(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : wholeNumber(1, 1024)(text);
}

/** Collects an option that may be given more than once. */
export function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}
