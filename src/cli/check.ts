import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { AnswerNoError } from '../errors.js';
import { check, createMissingTopics } from '../pipeline/check.js';
import type { Finding } from '../pipeline/finding.js';
import type { CliContext, CommonOptions } from './context.js';
import { common } from './options.js';
import { Printer } from './output.js';

const MARKS = { ok: ['green', '✓'], warning: ['yellow', '!'], fault: ['red', '✗'] } as const;

export function checkCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('check')
      .description(
        'look at configuration, model, topics, rights and brokers; exit 0 only if `run` would work',
      )
      .option(
        '--create-topics',
        'first create the topics that are missing, with the partitions of the input topic (4 if that is missing too)',
      ),
    'outrider check --create-topics',
    'warn',
  ).action(async (options: CommonOptions & { readonly createTopics?: boolean }) => {
    const config = loadConfig(options.config, context.environment);
    const log = context.createLog(options.logLevel);
    if (options.createTopics === true) await createMissingTopics(config, log);
    const printer = new Printer(context.stdout, context.environment);
    const findings: Finding[] = [];
    for await (const finding of check(config, log, context.signal, Date.now)) {
      findings.push(finding);
      const [style, mark] = MARKS[finding.level];
      if (options.json !== true)
        printer.line(`${printer.style(style, mark)} ${finding.what.padEnd(17)}${finding.message}`);
    }
    if (options.json === true) printer.json(findings);
    const faults = findings.filter(({ level }) => level === 'fault').length;
    if (faults > 0)
      throw new AnswerNoError(
        `${faults} of ${findings.length} findings ${faults === 1 ? 'is a fault' : 'are faults'}: \`run\` would not work`,
      );
  });
}
