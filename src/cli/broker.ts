import type { Command } from 'commander';
import { resolve } from 'node:path';
import { AnswerNoError } from '../errors.js';
import { cacheFolder } from '../local-broker/cache-folder.js';
import {
  type StandingBroker,
  findStandingBroker,
  startStandingBroker,
  stopStandingBroker,
} from '../local-broker/standing-broker.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, wholeNumber } from './options.js';
import { Printer } from './output.js';

interface StartOptions extends CommonOptions {
  readonly port?: number;
  readonly dataDir?: string;
}
interface StopOptions extends CommonOptions {
  readonly purge?: boolean;
}

export function brokerCommand(program: Command, context: CliContext): void {
  const broker = program.command('broker').description('the local single-node Kafka for development');
  const cache = cacheFolder(context.environment);
  const printer = new Printer(context.stdout, context.environment);
  const print = (
    found: StandingBroker | null,
    options: CommonOptions,
    otherwise: string,
    prefix = '',
  ): void => {
    if (options.json === true) printer.json(found);
    else
      printer.line(
        found === null
          ? otherwise
          : `${prefix}Kafka ${found.version} at ${found.brokers.join(', ')} (pid ${found.pid}, data in ${found.dataDir})`,
      );
  };

  common(
    broker
      .command('start')
      .description('start Kafka and leave it running; prints the running one when there is one')
      .option('--port <port>', 'its port [a free one]', wholeNumber(1, 65_535))
      .option('--data-dir <folder>', 'where its data goes [a folder in the cache]'),
    'outrider broker start --port 9092',
    'warn',
  ).action(async (options: StartOptions) => {
    const started = await startStandingBroker({
      cache,
      port: options.port ?? null,
      dataDir: options.dataDir === undefined ? null : resolve(options.dataDir),
      log: context.createLog(options.logLevel),
      onNote: (text) => context.stderr.write(`${text}\n`),
    });
    print(started, options, '');
  });

  common(
    broker.command('stop').description('stop it').option('--purge', 'delete its data too'),
    'outrider broker stop --purge',
    'warn',
  ).action(async (options: StopOptions) => {
    print(
      await stopStandingBroker(cache, options.purge ?? false),
      options,
      'no local broker is running',
      'stopped ',
    );
  });

  common(
    broker.command('status').description('say whether it runs; exit 1 if not'),
    'outrider broker status --json',
    'warn',
  ).action(async (options: CommonOptions) => {
    const found = await findStandingBroker(cache, context.createLog(options.logLevel));
    if (found === null)
      throw new AnswerNoError('no local broker is running; start one with: outrider broker start');
    print(found, options, '');
  });
}
