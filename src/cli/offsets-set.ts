import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/load.js';
import { AnswerNoError, UsageError } from '../errors.js';
import { type GroupStanding, KafkaAdmin } from '../kafka/admin.js';
import { StoppedGroup } from '../kafka/stopped-group.js';
import { type MoveRequest, type MoveResult, moveOffsets, planMoves } from '../offsets/move-offsets.js';
import type { OffsetTarget } from '../offsets/offset-target.js';
import { parseDateTime, parseDuration } from '../time-text.js';
import { reckonMoves } from '../offsets/plan-moves.js';
import { plural } from '../plural.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, partitionList, wholeNumber } from './options.js';
import { Printer, grouped } from './output.js';
import { startProgress } from './progress.js';

interface SetOptions extends CommonOptions {
  readonly toEarliest?: true;
  readonly toLatest?: true;
  readonly toCurrent?: true;
  readonly toOffset?: number;
  readonly toDatetime?: number;
  readonly shiftBy?: number;
  readonly byDuration?: number;
  readonly partitions?: readonly number[];
  readonly dryRun?: true;
  readonly execute?: true;
}

export function offsetsSetCommand(offsets: Command, context: CliContext): void {
  common(
    offsets
      .command('set')
      .description(
        'say where the offsets of the group would go; with --execute, and no worker running, put them there',
      )
      .option('--to-earliest', 'to the start of the log')
      .option('--to-latest', 'to its end: what is there is never read')
      .option('--to-current', 'where they are, within the log')
      .option('--to-offset <offset>', 'to this offset in each partition', wholeNumber(0))
      .option(
        '--to-datetime <time>',
        'to the first event from this ISO time on; without a zone it is UTC',
        dateTime,
      )
      .option('--shift-by <n>', 'by so many offsets; back where it is negative', shift)
      .option('--by-duration <duration>', 'to what was written so long ago: PnDTnHnMnS, or 2h', duration)
      .option('--partitions <list>', 'only these: 0,2-5', partitionList)
      .addOption(new Option('--dry-run', 'change nothing, which is the default').conflicts('execute'))
      .option('--execute', 'do it'),
    'outrider offsets set --by-duration 2h\noutrider offsets set --shift-by -1000 --partitions 3 --execute',
    'warn',
  ).action(async (options: SetOptions) => set(options, context));
}

async function set(options: SetOptions, context: CliContext): Promise<void> {
  const target = targetOf(options, Date.now());
  const { kafka, group, input } = loadConfig(options.config, context.environment);
  const { topic } = input;
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(kafka, log);
  const partitions = await admin.partitionCount(topic);
  const standing = await admin.groupStanding(group, topic);
  const request: MoveRequest = { group, topic, partitions: options.partitions ?? null, target };
  const isExecuted = options.execute === true;
  if (isExecuted && standing.members.length > 0)
    throw new AnswerNoError(
      `group ${group} has ${membersText(standing)}: offsets are only set while nobody is in it, and nothing was changed. ` +
        'Stop `outrider run` and every `outrider worker` of it with SIGTERM; a worker that died without leaving is in the ' +
        `group until its session is over (kafka.sessionTimeoutMs: ${kafka.sessionTimeoutMs} ms)`,
    );
  const result: MoveResult = isExecuted
    ? await execute()
    : { moves: await planMoves(request, admin), overtaken: [] };
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(resultJson(request, standing, result, isExecuted));
  else print(request, standing, result, isExecuted, printer);
  failIfOvertaken(group, result);
  if (result.moves.every(({ next }) => next === null))
    throw new AnswerNoError(
      `group ${group}: there is nothing to set: no partition has an offset to be shifted`,
    );

  async function execute(): Promise<MoveResult> {
    // Each partition is taken over twice.
    const count = 2 * (options.partitions?.length ?? partitions);
    using progress = startProgress(context.stderr, 'partitions', count);
    let settled = 0;
    const store = new StoppedGroup(kafka, group, topic, log, () => progress.update(++settled));
    return await moveOffsets(request, admin, store);
  }
}

function targetOf(options: SetOptions, nowMs: number): OffsetTarget {
  const { toEarliest, toLatest, toCurrent, toOffset, toDatetime, shiftBy, byDuration } = options;
  const given: OffsetTarget[] = [];
  if (toEarliest === true) given.push('earliest');
  if (toLatest === true) given.push('latest');
  if (toCurrent === true) given.push('current');
  if (toOffset !== undefined) given.push({ offset: toOffset });
  if (toDatetime !== undefined) given.push({ timeMs: toDatetime });
  if (shiftBy !== undefined) given.push({ shiftBy });
  if (byDuration !== undefined) given.push({ timeMs: Math.max(0, Math.floor(nowMs - byDuration)) });
  const [target, ...others] = given;
  if (target === undefined || others.length > 0)
    throw new UsageError(
      'give one, and only one, of --to-earliest, --to-latest, --to-current, --to-offset, --to-datetime, --shift-by, --by-duration',
    );
  return target;
}

function resultJson(
  { group, topic }: MoveRequest,
  { members }: GroupStanding,
  { moves, overtaken }: MoveResult,
  executed: boolean,
): object {
  return {
    group,
    topic,
    executed: executed && moves.some(({ next }) => next !== null),
    members: members.length,
    partitions: moves.map(({ partition, now, next, notes }) => ({
      partition,
      now,
      new: next,
      change: changeOf(now, next),
      notes,
    })),
    overtaken,
  };
}

function print(
  { group, topic }: MoveRequest,
  standing: GroupStanding,
  { moves, overtaken }: MoveResult,
  isExecuted: boolean,
  printer: Printer,
): void {
  printer.line(`group ${group}, topic ${topic}`);
  printer.table(
    ['partition', 'now', 'new', 'change', 'note'],
    moves.map(({ partition, now, next, notes }) => [
      partition,
      offsetText(now),
      offsetText(next),
      changeText(changeOf(now, next)),
      notes.join('; '),
    ]),
  );
  const { again, skipped } = reckonMoves(moves);
  const tense = isExecuted ? 'will be' : 'would be';
  if (again > 0)
    printer.line(
      `${grouped(again)} offsets ${tense} read again, and their anomalies written once more with the same ids; to look at history without that: outrider replay`,
    );
  if (skipped > 0) printer.line(`${grouped(skipped)} offsets ${tense} passed over, and never scored`);
  if (overtaken.length > 0 || moves.every(({ next }) => next === null)) return;
  if (isExecuted) printer.line('the offsets are set');
  else if (standing.members.length > 0)
    printer.line(
      `nothing was changed; the group has ${membersText(standing)}: stop them, then call this again with --execute`,
    );
  else printer.line('nothing was changed; to do it, call this again with --execute');
}

function failIfOvertaken(group: string, { moves, overtaken }: MoveResult): void {
  if (overtaken.length === 0) return;
  const where = overtaken.map(({ partition, committed }) => {
    const wanted = moves.find((move) => move.partition === partition)?.next ?? null;
    return `partition ${partition} stands at ${offsetText(committed)}, not at ${offsetText(wanted)}`;
  });
  throw new AnswerNoError(
    `group ${group}: a worker committed while the offsets were being set: ${where.join(', ')}. It may have started there from the offset before; the other partitions are set. Stop it, and call this again`,
  );
}

function changeOf(now: number | null, next: number | null): number | null {
  return now === null || next === null ? null : next - now;
}

function offsetText(offset: number | null): string {
  return offset === null ? 'none' : String(offset);
}

function changeText(change: number | null): string {
  if (change === null) return '';
  return change > 0 ? `+${grouped(change)}` : grouped(change);
}

function membersText({ members }: GroupStanding): string {
  const shown = members
    .slice(0, MEMBERS_SHOWN_MAX)
    .map(({ clientId, host }) => `${clientId} at ${host.replace(/^\//, '')}`);
  const more = members.length > shown.length ? ', …' : '';
  return `${plural(members.length, 'member')} (${shown.join(', ')}${more})`;
}

const MEMBERS_SHOWN_MAX = 4;

function dateTime(text: string): number {
  const timeMs = parseDateTime(text);
  if (timeMs === null)
    throw new InvalidArgumentError(
      'an ISO time is wanted: 2026-03-01T12:00:00.000Z; without a zone it is UTC',
    );
  return timeMs;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null)
    throw new InvalidArgumentError('a duration is wanted: PnDTnHnMnS as in P1DT12H, or 2h, 30m, 1d');
  return ms;
}

function shift(text: string): number {
  const count = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('a whole number is wanted, negative for back');
  return count;
}
