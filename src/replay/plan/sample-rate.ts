import type { Logger } from 'pino';
import { readTopic } from '../../kafka/topic-reader.js';
import { prepareScorer } from '../../pipeline/setup.js';
import type { PlannedPartition } from './plan-ranges.js';
import { replayReadingGroup } from '../replay-names.js';
import type { ReplayRequest } from '../request/replay-request.js';

/** How fast events were scored for a moment. */
export interface SampledRate {
  readonly events: number;
  /** Of one worker. */
  readonly eventsPerSecond: number;
}

const SAMPLE_EVENTS_MAX = 200_000;
const SAMPLE_MS_MAX = 2000;

/**
 * Reads and scores the first events of a plan for a moment, and writes nothing. The rate is that of the second half: at
 * first everything is slower.
 * @returns null where there are too few to say
 */
export async function sampleRate(
  { config }: ReplayRequest,
  planned: readonly PlannedPartition[],
  log: Logger,
  signal: AbortSignal,
): Promise<SampledRate | null> {
  const { kafka, group, input } = config;
  const scorer = await prepareScorer(config);
  const from = new Map(planned.map(({ partition, start }) => [partition, start]));
  const to = new Map(planned.map((plan) => [plan.partition, plan.to]));
  const groupPrefix = replayReadingGroup(group);
  const samples: { readonly events: number; readonly atMs: number }[] = [];
  let events = 0;
  for await (const batch of readTopic({ kafka, topic: input.topic, groupPrefix, from, to, log, signal })) {
    samples.push({ events, atMs: performance.now() });
    await scorer.score(batch, signal);
    events += batch.records.length;
    if (events >= SAMPLE_EVENTS_MAX || performance.now() - (samples[0]?.atMs ?? 0) >= SAMPLE_MS_MAX) break;
  }
  const endMs = performance.now();
  const middle = samples.find((sample) => sample.events >= events / 2) ?? samples[0];
  if (middle === undefined || events === 0) return null;
  const seconds = (endMs - middle.atMs) / 1000;
  return seconds > 0 ? { events, eventsPerSecond: Math.round((events - middle.events) / seconds) } : null;
}
