import type { Course } from '../pipeline/course.js';
import type { Pace } from '../pipeline/pace.js';
import type { EventScorer, Scorer } from '../pipeline/scorer.js';
import type { OffsetReader } from '../ports.js';
import type { EventPublisher, PublisherOptions } from '../publish/publisher.js';
import type { OutputTopic } from '../publish/output-topic.js';

/** What a worker is there for, where that is not the live topic. */
export interface Mission {
  /** Stands in its anomalies. */
  readonly runId: string;
  /** What there is to do of each partition that is to be read; no other is. */
  readonly work: ReadonlyMap<number, number>;
  /** Topics that it writes to beside those of the configuration. */
  readonly furtherTopics: readonly string[];
  readonly pace: Pace | null;
  /** Whether it waits for what it asked others for, or for its pace, which may take its time: it does not stand still. */
  isBusy(): boolean;
  course(offsets: OffsetReader): Course;
  /** @param own scores every event */
  scorer(own: Scorer): EventScorer;
  /**
   * @param options of the publisher that a live worker would have
   * @param furtherTopics as they were found
   */
  publisher(options: PublisherOptions, furtherTopics: readonly OutputTopic[]): EventPublisher;
}
