import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { AnswerNoError } from '../errors.js';
import type { KafkaAdmin } from '../kafka/admin.js';
import { FencedOffsets } from '../kafka/fenced-offsets.js';
import { StoppedGroup } from '../kafka/stopped-group.js';
import { whenIdle } from './group-idle.js';
import { planId, replayGroup, replayTopic } from './replay-names.js';

export interface Cleaned {
  readonly id: string;
  /** Null where there was none any more. */
  readonly group: string | null;
  readonly topics: readonly string[];
}

/**
 * Removes a replay's group and the topics that bear its id; what it wrote elsewhere stays.
 * @throws AnswerNoError where workers are at it, or there is nothing of this id
 */
export async function cleanReplay(
  config: Config,
  id: string,
  admin: KafkaAdmin,
  log: Logger,
  signal: AbortSignal,
): Promise<Cleaned> {
  const { group: liveGroup, output } = config;
  const group = replayGroup(liveGroup, id);
  const hasGroup = (await admin.groups()).includes(group);
  if (hasGroup) {
    const members = await whenIdle(admin, group, config, log, signal);
    if (members > 0)
      throw new AnswerNoError(
        `replay '${id}' is being worked on: its group ${group} has ${members} live member${members === 1 ? '' : 's'}; stop \`outrider replay run\` first`,
      );
  }
  const own = [replayTopic(output.anomalies, id), replayTopic(output.deadLetters, id)];
  const topics = [...(await admin.partitionCounts(own)).keys()];
  if (!hasGroup && topics.length === 0)
    throw new AnswerNoError(
      `there is no replay '${id}' of group ${liveGroup}: neither a group nor topics of its own`,
    );
  if (hasGroup) {
    await fence(config, group, admin, log);
    // First: it is refused while somebody has just joined, who still needs the topics.
    await admin.deleteGroup(group);
  }
  if (topics.length > 0) await admin.deleteTopics(topics);
  return { id, group: hasGroup ? group : null, topics };
}

/** A process of the replay that was suspended would else go on where it was, and bring the group back with what it commits. */
async function fence(
  { kafka, input: { topic } }: Config,
  group: string,
  admin: KafkaAdmin,
  log: Logger,
): Promise<void> {
  if (!(await admin.partitionCounts([topic])).has(topic)) return;
  const committed = await admin.committed(group, topic);
  const partitions = [...committed].flatMap(([partition, own]) => (own === null ? [] : [partition]));
  if (partitions.length === 0) return;
  await using plan = new FencedOffsets({ kafka, id: planId(group), group, topic, log });
  await plan.takeOver(partitions);
  await new StoppedGroup(kafka, group, topic, log).settled(partitions);
}
