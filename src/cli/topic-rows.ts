import type { Config } from '../config/config.js';
import { UsageError } from '../errors.js';
import type { Bound } from '../kafka/offset-bounds.js';
import type { TopicRows } from '../pipeline/topic-training-data.js';

/** How `train` is told which events of the topic to learn from. */
export interface TopicRowsOptions {
  readonly fromTopic?: boolean;
  readonly last?: number;
  readonly from?: Bound;
  readonly to?: Bound;
  readonly sample?: number;
  readonly seed?: number;
}

/** Events that `--from-topic` reads where neither --last nor --sample says anything else. */
export const TOPIC_ROWS_DEFAULT = 10_000;

/** Which events of the topic. The places of a sample are drawn with the seed of the training. */
export function topicRowsOf(
  { last, from, to, sample, seed }: TopicRowsOptions,
  { detector }: Config,
): TopicRows {
  if (from === undefined && to === undefined && sample === undefined)
    return { last: last ?? TOPIC_ROWS_DEFAULT };
  const { seed: configured } = detector.options as { readonly seed?: unknown };
  return {
    from: from ?? 'earliest',
    to: to ?? 'latest',
    sample: sample ?? TOPIC_ROWS_DEFAULT,
    seed: seed ?? (typeof configured === 'number' ? configured : 0),
  };
}

/** @throws UsageError where flags say two ways of choosing events, or any for a file */
export function checkTopicRows({ fromTopic, last, from, to, sample }: TopicRowsOptions): void {
  if (fromTopic !== true && last !== undefined)
    throw new UsageError('--last says how many events --from-topic reads; --data FILE is read as a whole');
  const range = Object.entries({ '--from': from, '--to': to, '--sample': sample });
  const given = range.filter(([, value]) => value !== undefined).map(([flag]) => flag);
  if (given.length === 0) return;
  const flags = given.join(' and ');
  if (fromTopic !== true)
    throw new UsageError(
      `${flags}: a sample is drawn of what --from-topic reads; --data FILE is read as a whole`,
    );
  if (last !== undefined)
    throw new UsageError(
      `--last reads the end of the topic, ${flags} a sample of a range: give one of the two`,
    );
}
