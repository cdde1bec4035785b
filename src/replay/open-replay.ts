import { AnswerNoError, FencedError, UsageError } from '../errors.js';
import { FencedOffsets } from '../kafka/fenced-offsets.js';
import type { Clock } from '../model.js';
import type { CommittedOffset } from '../ports.js';
import { whenIdle } from './group-idle.js';
import { type KnownReplay, knownReplay, missingPartitions, replayOf } from './known-replays.js';
import { type PlannedPartition, type PlanningContext, planRanges } from './plan/plan-ranges.js';
import { planId, replayGroup } from './replay-names.js';
import { NOTHING_DONE, type ReplaySpec, checkFits, notedBounds, writeNote } from './replay-note.js';
import type { ReplayRequest } from './request/replay-request.js';
import { makeReplayTopics } from './replay-topics.js';

/** Who is to judge; see replay-config.ts. */
export interface ReplayJudge {
  readonly model: string;
  readonly digest: string;
}

/**
 * Starts a replay, or finds the one that was started under this id. What it is to do is committed, in one transaction,
 * as the first offsets of its group: from then on every process that works on it knows the same.
 * @returns null where there is nothing in the range: then nothing is left behind
 * @throws AnswerNoError where the id is in use by workers, or stands for another replay; UsageError
 */
export async function openReplay(
  request: ReplayRequest,
  judge: ReplayJudge,
  context: PlanningContext & { readonly clock: Clock },
): Promise<KnownReplay | null> {
  const { config, id } = request;
  const { kafka, input } = config;
  const { admin, log, signal, clock } = context;
  const group = replayGroup(config.group, id);
  const partitions = [...Array(await admin.partitionCount(input.topic)).keys()];
  const members = await whenIdle(admin, group, config, log, signal);
  if (members > 0)
    throw new AnswerNoError(
      `replay '${id}' is being worked on: its group ${group} has ${members} live member${members === 1 ? '' : 's'}; wait for it, or choose another --id`,
    );
  // Before the group is touched, which makes it: what cannot be replayed leaves nothing behind.
  const known = await knownReplay(admin, config.group, input.topic, id);
  if (known === null && request.isBare)
    throw new UsageError(
      `no replay '${id}' of group ${config.group} is known (it was never started, was cleaned, or has expired), and nothing says what a new one is to read: give --from, or --offsets`,
    );
  const planned = known === null ? await rangesOf(request, context) : null;
  if (planned?.length === 0) return null;
  await using offsets = new FencedOffsets({ kafka, id: planId(group), group, topic: input.topic, log });
  try {
    const committed = await offsets.takeOver(partitions);
    const found = replayOf(id, group, committed, members);
    if (found !== null) {
      refuseOther(found.spec, request, judge);
      refuseTorn(found);
      return found;
    }
    if (planned === null)
      throw new AnswerNoError(
        `replay '${id}' was cleaned at this moment; start it anew, or choose another --id`,
      );
    const first = firstOffsets(planned, specOf(request, judge, planned.length, clock()));
    await makeReplayTopics(admin, request);
    await offsets.commit(first);
    return replayOf(id, group, first, members);
  } catch (error) {
    if (!(error instanceof FencedError)) throw error;
    throw new AnswerNoError(
      `replay '${id}' was started somewhere else at the same moment; see: outrider replay status`,
      {
        cause: error,
      },
    );
  }
}

async function rangesOf(
  request: ReplayRequest,
  context: PlanningContext,
): Promise<readonly PlannedPartition[]> {
  return (await planRanges(request, context)).filter(({ from, to }) => from < to);
}

export function specOf(
  request: ReplayRequest,
  { model, digest }: ReplayJudge,
  partitions: number,
  nowMs: number,
): ReplaySpec {
  const { bounds, entity, warmUp, mode, output, deadLetters, takenBack } = request;
  return {
    bounds: notedBounds(bounds?.text ?? ''),
    entity,
    warmUp: warmUp?.text ?? null,
    mode,
    output,
    deadLetters,
    takenBack,
    model,
    digest,
    created: new Date(nowMs).toISOString(),
    partitions,
  };
}

function firstOffsets(
  planned: readonly PlannedPartition[],
  spec: ReplaySpec,
): ReadonlyMap<number, CommittedOffset> {
  return new Map(
    planned.map(({ partition, start, from, to }) => {
      const note = { start, from, to, done: NOTHING_DONE, spec };
      checkFits(note);
      return [partition, { offset: start, metadata: writeNote(note) }];
    }),
  );
}

/** Whoever names an id again asks for the same, or says nothing but the id and who judges. */
function refuseOther(found: ReplaySpec, request: ReplayRequest, judge: ReplayJudge): void {
  const { id, bounds, isBare } = request;
  const wanted = specOf(request, judge, found.partitions, 0);
  const asked: (readonly [what: string, was: string | null, is: string | null])[] = [
    ['bounds', found.bounds, bounds === null ? found.bounds : wanted.bounds],
    ['--entity', found.entity, wanted.entity],
    ['--warm-up', found.warmUp, bounds === null ? found.warmUp : wanted.warmUp],
    ['output', outputText(found), outputText(wanted)],
  ];
  const differences: typeof asked = [
    ...(isBare ? [] : asked),
    ['model', found.model, wanted.model],
    ['features, schema or threshold', found.digest, wanted.digest],
  ];
  const other = differences.find(([, was, is]) => was !== is);
  if (other === undefined) return;
  const [what, was, is] = other;
  throw new AnswerNoError(
    `replay '${id}' was started with other ${what}: ${was ?? 'none'}, and not ${is ?? 'none'}; --id ${id} without any flags but --config and --model goes on with it, another --id starts a new one`,
  );
}

/** `orders.anomalies (--backfill)` */
function outputText({ output, mode }: ReplaySpec): string {
  if (mode === 'own') return output;
  return `${output} (${mode === 'retract' ? '--backfill --retract' : '--backfill'})`;
}

/** All of its offsets were committed at once: where some are not there any more, what they stood for would be left out. */
function refuseTorn(found: KnownReplay): void {
  const missing = missingPartitions(found);
  if (missing > 0)
    throw new AnswerNoError(
      `replay '${found.id}' is not whole any more: group ${found.group} has lost the offsets of ${missing} of its ${found.spec.partitions} partitions; choose another --id, or remove it first with: outrider replay clean --id ${found.id}`,
    );
}
