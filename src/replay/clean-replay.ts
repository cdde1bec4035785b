import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { AnswerNoError } from '../errors.js';
import type { KafkaAdmin } from '../kafka/admin.js';
import { whenIdle } from './group-idle.js';
import { replayGroup, replayTopic } from './replay-names.js';

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
  // The group last: while it is there a clean that was broken off can be found, and called again.
  if (topics.length > 0) await admin.deleteTopics(topics);
  if (hasGroup) await admin.deleteGroup(group);
  return { id, group: hasGroup ? group : null, topics };
}
