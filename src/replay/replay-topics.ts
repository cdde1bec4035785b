import { AnswerNoError } from '../errors.js';
import { type KafkaAdmin, missingTopic } from '../kafka/admin.js';
import type { ReplayRequest } from './request/replay-request.js';

/**
 * Creates the topics that a replay writes to, with as many partitions and as large batches as the live ones have.
 * @throws AnswerNoError where its own topic holds records of another run; OutriderError
 */
export async function makeReplayTopics(
  admin: KafkaAdmin,
  { config, id, mode, output, deadLetters, takenBack }: ReplayRequest,
): Promise<void> {
  const { output: live, input, kafka } = config;
  const counts = await admin.partitionCounts([live.anomalies, live.deadLetters]);
  if (mode !== 'own' && !counts.has(live.anomalies)) throw missingTopic(live.anomalies, kafka.brokers);
  const inputPartitions = await admin.partitionCount(input.topic);
  const like = async (
    liveTopic: string,
  ): Promise<{ partitions: number; configs: Record<string, string> }> => {
    const partitions = counts.get(liveTopic);
    if (partitions === undefined) return { partitions: inputPartitions, configs: {} };
    return { partitions, configs: { 'max.message.bytes': String(await admin.maxMessageBytes(liveTopic)) } };
  };
  const verdicts = mode === 'own' ? output : takenBack;
  const plans = [
    ...(verdicts === null ? [] : [{ topic: verdicts, ...(await like(live.anomalies)) }]),
    { topic: deadLetters, ...(await like(live.deadLetters)) },
  ];
  const created = new Set(await admin.createTopics(plans));
  for (const { topic } of plans) {
    const isItsOwn = topic.endsWith(`.replay.${id}`);
    if (!isItsOwn || created.has(topic)) continue;
    const ranges = [...(await admin.range(topic)).values()];
    if (ranges.some(({ high }) => high > 0))
      throw new AnswerNoError(
        `topic ${topic} holds records of an earlier replay '${id}', whose group is gone: choose another --id, or remove it first with: outrider replay clean --id ${id}`,
      );
  }
}
