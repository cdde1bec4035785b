import type { Config } from '../../config/config.js';
import { MissingRemoteError, UsageError } from '../../errors.js';
import { type KafkaAdmin, missingTopic } from '../../kafka/admin.js';
import { type KnownReplay, knownReplay } from '../known-replays.js';
import { REPLAY_ID } from '../replay-names.js';

/** One of two that are compared. */
export interface DiffSide {
  /** As it was named. */
  readonly name: string;
  /** Where its verdicts stand. */
  readonly topic: string;
  /** Null where a topic was named. */
  readonly replay: KnownReplay | null;
  /** The replay whose records alone count: others may write into the same topic. Null where all do. */
  readonly onlyRun: string | null;
  /** The replay whose records do not count; null where all do. */
  readonly withoutRun: string | null;
}

/**
 * What two names stand for: topics or, where there is no such topic, replays of the configuration's group. A replay
 * stands for what it wrote; one that filled the live topic for that topic as it is, and beside it the topic stands for
 * itself without what the replay wrote.
 * @throws MissingRemoteError for what is neither; UsageError for two replays that filled the same topic
 */
export async function diffSides(
  names: readonly [a: string, b: string],
  admin: KafkaAdmin,
  config: Config | null,
  brokers: readonly string[],
): Promise<readonly [a: DiffSide, b: DiffSide]> {
  const topics = await admin.partitionCounts(names);
  const find = async (name: string): Promise<DiffSide> => {
    if (topics.has(name)) return { name, topic: name, replay: null, onlyRun: null, withoutRun: null };
    const replay =
      config === null || !REPLAY_ID.test(name)
        ? null
        : await knownReplay(admin, config.group, config.input.topic, name);
    if (replay === null)
      throw new MissingRemoteError(
        `there is no topic ${name} on ${brokers.join(', ')}${config === null ? '; the id of a replay needs its configuration (--config)' : `, nor is a replay '${name}' of group ${config.group} known: outrider replay status lists them`}`,
      );
    const { output } = replay.spec;
    if (!(await admin.partitionCounts([output])).has(output)) throw missingTopic(output, brokers);
    return { name, topic: output, replay, onlyRun: isFilling(replay) ? null : replay.id, withoutRun: null };
  };
  const [a, b] = [await find(names[0]), await find(names[1])];
  if (a.topic !== b.topic || a.name === b.name) return [a, b];
  const [filledByA, filledByB] = [filledBy(a), filledBy(b)];
  if (filledByA !== null && filledByB !== null)
    throw new UsageError(
      `the replays ${a.name} and ${b.name} both filled ${a.topic}: compare each with that topic`,
    );
  return [
    { ...a, withoutRun: a.replay === null ? filledByB : null },
    { ...b, withoutRun: b.replay === null ? filledByA : null },
  ];
}

/** The replay that wrote into a live topic. */
function filledBy({ replay }: DiffSide): string | null {
  return replay !== null && isFilling(replay) ? replay.id : null;
}

function isFilling({ spec }: KnownReplay): boolean {
  return spec.mode !== 'own';
}
