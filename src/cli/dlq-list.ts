import type { Command } from 'commander';
import { LetterMatcher } from '../dlq/letter-filter.js';
import type { Ledger } from '../dlq/ledger.js';
import { readLedgers } from '../dlq/ledger-topic.js';
import { lettersOf } from '../dlq/letters-of.js';
import { patientLookups } from '../dlq/prepare-redrive.js';
import { type LetterGroup, LetterSummary } from '../dlq/summarise.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { recordsBetween, resolveBounds } from '../kafka/offset-bounds.js';
import { prepareDecoder, prepareReading } from '../pipeline/setup.js';
import type { CliContext } from './context.js';
import { type LetterOptions, filterOf, letterOptions, lettersAt } from './dlq-options.js';
import { common } from './options.js';
import { Printer, grouped } from './output.js';
import { startProgress } from './progress.js';

type ListOptions = LetterOptions & { readonly brokers?: string };

export function dlqListCommand(dlq: Command, context: CliContext): void {
  common(
    letterOptions(
      dlq
        .command('list')
        .description('count dead letters by reason and producer schema, with the first and the last time')
        .option('--brokers <list>', 'host:port, … [kafka.brokers, KAFKA_BROKERS, localhost:9092]'),
    ),
    'outrider dlq list --from 24h',
    'warn',
  ).action(async (options: ListOptions) => list(options, context));
}

async function list(options: ListOptions, context: CliContext): Promise<void> {
  const { kafka, config, topic, groupPrefix } = lettersAt(options, context);
  const { signal } = context;
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(kafka, log);
  await admin.partitionCount(topic);
  const { from, to } = await resolveBounds(admin, topic, options);
  const ledgers: ReadonlyMap<number, Ledger> =
    config === null
      ? new Map()
      : await readLedgers({ kafka, group: config.group, letters: topic, admin, log, signal });
  const decoder =
    config === null || options.entity === undefined
      ? null
      : prepareDecoder(config, prepareReading(config), patientLookups(log));
  const matcher = new LetterMatcher(filterOf(options), decoder, config?.input.encoding ?? null);
  const summary = new LetterSummary(config?.input.encoding ?? null);
  try {
    using progress = startProgress(context.stderr, 'letters', recordsBetween(from, to));
    let read = 0;
    for await (const letters of lettersOf({ kafka, topic, groupPrefix, from, to, log, signal })) {
      const matches = await matcher.matches(letters, signal);
      for (const [index, letter] of letters.entries())
        if (matches[index] === true) summary.add(letter, ledgers.get(letter.partition));
      progress.update((read += letters.length));
    }
  } finally {
    // What was counted before a batch that cannot be read, or before it was asked to stop.
    print(summary.sorted, topic, options, new Printer(context.stdout, context.environment));
  }
}

function print(
  groups: readonly LetterGroup[],
  topic: string,
  { json }: LetterOptions,
  printer: Printer,
): void {
  if (json === true) {
    for (const { firstMs, lastMs, ...group } of groups)
      printer.json({
        ...group,
        first: new Date(firstMs).toISOString(),
        last: new Date(lastMs).toISOString(),
      });
    return;
  }
  if (groups.length === 0) {
    printer.line(`no such letters on ${topic}`);
    return;
  }
  printer.table(
    ['letters', 'waiting', 'reason', 'producer schema', 'first', 'last', 'written by'],
    groups.map(({ letters, waiting, reason, schema, firstMs, lastMs, writtenBy }) => [
      grouped(letters),
      grouped(waiting),
      reason,
      schema,
      clock(firstMs),
      clock(lastMs),
      writtenBy,
    ]),
  );
}

/** `2026-03-01 12:00:01Z` */
function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
