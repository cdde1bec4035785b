import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import type { Mission } from '../../fleet/mission.js';
import type { Clock } from '../../model.js';
import { Pace } from '../../pipeline/pace.js';
import { prepareDecoder, prepareReading } from '../../pipeline/setup.js';
import { Publisher } from '../../publish/publisher.js';
import { BackfillPublisher } from '../backfill/backfill-publisher.js';
import { EntityScorer } from './entity-scorer.js';
import type { KnownReplay } from '../known-replays.js';
import { liveVerdicts } from '../backfill/live-verdicts.js';
import { PriorVerdictReader } from '../backfill/prior-verdicts.js';
import { replayReadingGroup } from '../replay-names.js';
import { ReplayCourse } from './replay-course.js';

export interface ReplayMissionOptions {
  /** The replay's own; see replay-config.ts. */
  readonly config: Config;
  readonly liveGroup: string;
  readonly replay: KnownReplay;
  /** See ReplayRequest. */
  readonly clip: boolean;
  /** Of this worker; null without a limit. */
  readonly eventsPerSecondMax: number | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Live verdicts that a worker keeps in memory, of all its partitions together. */
const PRIOR_VERDICTS_BYTES_MAX = 268_435_456;

/** What a worker of a replay does: a range of some partitions, into topics of its own or into the gaps of the live one. */
export function replayMission(options: ReplayMissionOptions): Mission {
  const { config, replay, clip, eventsPerSecondMax, clock, log } = options;
  const { id, spec, partitions } = replay;
  const priors = new Map<number, PriorVerdictReader>();
  const unfinished = partitions.filter(({ next, to }) => next < to);
  const pace = eventsPerSecondMax === null ? null : new Pace(eventsPerSecondMax, () => performance.now());
  return {
    runId: id,
    work: new Map(unfinished.map(({ partition, next, to }) => [partition, to - next])),
    furtherTopics: spec.takenBack === null ? [] : [spec.takenBack],
    pace,
    isBusy: () => pace?.isHolding === true || [...priors.values()].some(({ isReading }) => isReading),
    course: (offsets) => new ReplayCourse({ group: config.group, offsets, clip, log }),
    scorer: (own) =>
      spec.entity === null
        ? own
        : new EntityScorer(spec.entity, prepareDecoder(config, prepareReading(config)), own),
    publisher: (publishing, [takenBack]) => {
      const own = new Publisher(publishing);
      if (spec.mode === 'own') return own;
      return new BackfillPublisher({
        own,
        priorOf: (partition) => {
          const prior = priors.get(partition) ?? priorVerdicts(options, partition, unfinished.length);
          priors.set(partition, prior);
          return prior;
        },
        retractions: takenBack ?? publishing.anomalies,
        frame: publishing.frame,
        runId: id,
        clock,
        log,
      });
    },
  };
}

function priorVerdicts(
  { config, liveGroup, replay, log, signal }: ReplayMissionOptions,
  partition: number,
  partitionsInWork: number,
): PriorVerdictReader {
  const { kafka, input, output } = config;
  const groupPrefix = replayReadingGroup(liveGroup);
  const reading = { kafka, topic: output.anomalies, groupPrefix, log, signal };
  return new PriorVerdictReader({
    topic: input.topic,
    partition,
    end: replay.partitions.find((planned) => planned.partition === partition)?.to ?? 0,
    bytesMax: PRIOR_VERDICTS_BYTES_MAX / Math.max(1, partitionsInWork),
    read: () => liveVerdicts(reading, partition),
    onUnreadable: ({ partition: place, offset }) =>
      log.warn(
        { topic: output.anomalies, partition: place, offset },
        'a record that names an event and is no anomaly counts as a verdict on it',
      ),
  });
}
