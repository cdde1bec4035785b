import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { type GroupStanding, KafkaAdmin } from '../kafka/admin.js';
import { highWatermarks } from '../kafka/high-watermarks.js';
import { concernedPartitions } from '../offsets/concerned-partitions.js';
import { type PartitionStanding, partitionStanding, totalLag } from '../offsets/group-standing.js';
import { plural } from '../plural.js';
import { connectionFor } from './connection.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, partitionList } from './options.js';
import { Printer, grouped } from './output.js';

interface ShowOptions extends CommonOptions {
  readonly group?: string;
  readonly topic?: string;
  readonly partitions?: readonly number[];
  readonly brokers?: string;
}

export function offsetsShowCommand(offsets: Command, context: CliContext): void {
  common(
    offsets
      .command('show')
      .description('print where the group stands in each partition, its lag and its members')
      .option('--group <group>', 'another consumer group, as that of a replay [group]')
      .option('--topic <topic>', 'another topic [input.topic]')
      .option('--partitions <list>', 'only these: 0,2-5', partitionList)
      .option('--brokers <list>', 'host:port, … [kafka.brokers, KAFKA_BROKERS, localhost:9092]'),
    'outrider offsets show\noutrider offsets show --group orders-watch.replay.monday',
    'warn',
  ).action(async (options: ShowOptions) => show(options, context));
}

async function show(options: ShowOptions, context: CliContext): Promise<void> {
  const { kafka, config } = connectionFor(options.config, options.brokers, context);
  const group = options.group ?? config?.group;
  const topic = options.topic ?? config?.input.topic;
  if (group === undefined || topic === undefined)
    throw new UsageError('give --group and --topic, or a configuration with --config');
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(kafka, log);
  await admin.partitionCount(topic);
  const standing = await admin.groupStanding(group, topic);
  // In this order: what comes in between makes no lag negative, and no transaction look open.
  const committed = await admin.committed(group, topic);
  const ends = await highWatermarks(kafka, topic, log);
  const ranges = await admin.range(topic);
  const partitions = concernedPartitions(topic, options.partitions ?? null, ranges).map(
    ([partition, range]) =>
      partitionStanding(
        partition,
        committed.get(partition) ?? null,
        range,
        ends.get(partition) ?? range.high,
      ),
  );
  const printer = new Printer(context.stdout, context.environment);
  const found = { group, topic, standing, partitions, lag: totalLag(partitions) };
  if (options.json === true) printer.json(standingJson(found));
  else print(found, printer);
}

interface Found {
  readonly group: string;
  readonly topic: string;
  readonly standing: GroupStanding;
  readonly partitions: readonly PartitionStanding[];
  readonly lag: number | null;
}

function standingJson({ standing: { state, members }, ...found }: Found): object {
  const { group, topic, lag, partitions } = found;
  return {
    group,
    topic,
    state: isMissing(found) && state === 'Dead' ? null : state,
    lag,
    members,
    partitions,
  };
}

/** A coordinator calls a group that it does not know dead. */
function isMissing({ partitions }: Pick<Found, 'partitions'>): boolean {
  return partitions.every(({ committed }) => committed === null);
}

function print({ group, topic, standing, partitions, lag }: Found, printer: Printer): void {
  const { state, members } = standing;
  const isUnknown = state === 'Dead' && isMissing({ partitions });
  const what = isUnknown ? 'there is no such group' : `${state}, ${plural(members.length, 'member')}`;
  printer.line(`group ${group}, topic ${topic}: ${what}`);
  for (const { clientId, host, partitions: assigned } of members)
    printer.line(
      `  ${clientId} at ${host.replace(/^\//, '')}: ${assigned.length === 0 ? 'no partition' : `partitions ${assigned.join(', ')}`}`,
    );
  printer.table(
    ['partition', 'committed', 'start', 'end', 'lag', 'note'],
    partitions.map(({ partition, committed, start, end, lag: left, notes }) => [
      partition,
      committed ?? 'none',
      start,
      end,
      left === null ? 'none' : grouped(left),
      notes.join('; '),
    ]),
  );
  printer.line(lag === null ? 'no lag is known: the group has no offset' : `lag ${grouped(lag)} in all`);
}
