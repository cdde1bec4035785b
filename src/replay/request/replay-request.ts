import type { Config } from '../../config/config.js';
import { UsageError } from '../../errors.js';
import { type ReplayBounds, type WrittenBounds, parseReplayBounds } from './replay-bounds.js';
import { REPLAY_ID, replayTopic } from '../replay-names.js';
import type { ReplaySpec } from '../replay-note.js';
import { type WarmUp, parseWarmUp } from './warm-up.js';

/** What is asked for, in the words of the command line. */
export interface WrittenRequest extends WrittenBounds {
  readonly entity?: string | undefined;
  readonly warmUp?: string | undefined;
  /** A topic for the verdicts that is not the replay's own. */
  readonly output?: string | undefined;
  readonly backfill?: boolean | undefined;
  readonly retract?: boolean | undefined;
  readonly clip?: boolean | undefined;
}

/** What a replay is asked to do. */
export interface ReplayRequest {
  /** The live one, with the model that is to judge. */
  readonly config: Config;
  readonly id: string;
  /** Null: those that the replay of this id was started with. */
  readonly bounds: ReplayBounds | null;
  readonly entity: string | null;
  readonly warmUp: { readonly text: string; readonly by: WarmUp } | null;
  readonly mode: ReplaySpec['mode'];
  readonly output: string;
  readonly deadLetters: string;
  readonly takenBack: string | null;
  readonly clip: boolean;
  /** Nothing but the id, and who judges, was said: it goes on as it was started. */
  readonly isBare: boolean;
}

/** What says what a replay does. */
const WHAT = [
  'from',
  'to',
  'offsets',
  'partitions',
  'entity',
  'warmUp',
  'output',
  'backfill',
  'retract',
] as const satisfies readonly (keyof WrittenRequest)[];

const TOPIC_CHARS_MAX = 249;
const TOPIC = /^[A-Za-z0-9._-]+$/;
/** A note with it has to fit beside an offset: offset.metadata.max.bytes, by default 4096. */
const ENTITY_CHARS_MAX = 500;

/** @throws UsageError naming the flag */
export function replayRequest(
  config: Config,
  id: string,
  written: WrittenRequest,
  nowMs: number,
): ReplayRequest {
  if (!REPLAY_ID.test(id))
    throw new UsageError(
      `--id '${id}': letters, digits, dot, underscore and hyphen, at most 63, the first a letter or a digit`,
    );
  const { output: live, input } = config;
  const mode = modeOf(written);
  const own = checkedTopic(replayTopic(live.anomalies, id));
  const output = mode === 'own' ? (written.output ?? own) : live.anomalies;
  checkOutput(output, written.output, config);
  if (written.entity !== undefined && written.entity.length > ENTITY_CHARS_MAX)
    throw new UsageError(
      `--entity has ${written.entity.length} characters, at most ${ENTITY_CHARS_MAX} are taken`,
    );
  if (input.topic === live.anomalies)
    throw new UsageError(
      `${config.file}: output.anomalies is the input topic: a replay would read what it writes`,
    );
  return {
    config,
    id,
    bounds: parseReplayBounds(written, nowMs),
    entity: written.entity ?? null,
    warmUp: written.warmUp === undefined ? null : { text: written.warmUp, by: parseWarmUp(written.warmUp) },
    mode,
    output,
    deadLetters: checkedTopic(replayTopic(live.deadLetters, id)),
    takenBack: mode === 'backfill' ? own : null,
    clip: written.clip ?? false,
    isBare: WHAT.every((key) => written[key] === undefined),
  };
}

function modeOf({ output, backfill, retract }: WrittenRequest): ReplaySpec['mode'] {
  if (backfill !== true && retract === true)
    throw new UsageError('--retract takes verdicts of the live topic back: it goes with --backfill');
  if (backfill === true && output !== undefined)
    throw new UsageError('--backfill writes to the live anomaly topic: it goes without --output');
  if (backfill !== true) return 'own';
  return retract === true ? 'retract' : 'backfill';
}

function checkOutput(output: string, written: string | undefined, { input, output: live }: Config): void {
  if (written === undefined) return;
  checkedTopic(output);
  if (output === live.anomalies)
    throw new UsageError(
      `--output ${output} is the live anomaly topic: --backfill writes there, and only what is missing`,
    );
  if (output === input.topic || output === live.deadLetters)
    throw new UsageError(
      `--output ${output} is the fleet's ${output === input.topic ? 'input' : 'dead-letter'} topic`,
    );
}

function checkedTopic(topic: string): string {
  if (topic.length > TOPIC_CHARS_MAX)
    throw new UsageError(
      `topic ${topic}: ${topic.length} characters, Kafka takes ${TOPIC_CHARS_MAX}; choose a shorter --id`,
    );
  if (!TOPIC.test(topic))
    throw new UsageError(
      `--output '${topic}': a topic name has only letters, digits, dot, underscore and hyphen`,
    );
  return topic;
}
