import type { EventDecoder } from '../decode/event-decoder.js';
import type { Judge } from '../detect/judge.js';
import { judgeBatch } from '../detect/verdicts.js';
import type { FeatureStage } from '../features/compile.js';
import type { SourceBatch } from '../model.js';
import type { Stage } from '../observe/worker-metrics.js';
import type { ScoredRows } from '../publish/publisher.js';

/** What the pipeline asks of its stages. */
export interface EventScorer {
  readonly judge: Judge;
  /** @throws only for the signal's reason: an event that cannot be scored is a reject */
  score(batch: SourceBatch, signal: AbortSignal): Promise<ScoredRows>;
}

export type StageTimer = (stage: Stage, milliseconds: number) => void;

/** The stages up to the score, in their order. One for all partitions of a process: nothing of a batch stays in it. */
export class Scorer implements EventScorer {
  constructor(
    private readonly decoder: EventDecoder,
    private readonly features: FeatureStage,
    readonly judge: Judge,
    private readonly onStage: StageTimer = () => undefined,
  ) {}

  async score(batch: SourceBatch, signal: AbortSignal): Promise<ScoredRows> {
    const started = performance.now();
    const fields = await this.decoder.decode(batch, signal);
    const decoded = performance.now();
    const features = this.features(fields);
    const computed = performance.now();
    const { scores, anomalies, explanation, rejects } = await judgeBatch(this.judge, features, fields.source);
    const scored = performance.now();
    this.onStage('decode', decoded - started);
    this.onStage('features', computed - decoded);
    this.onStage('score', scored - computed);
    return {
      batch,
      fields,
      features,
      scores,
      anomalies,
      explanation,
      rejects: [...fields.rejects, ...features.rejects, ...rejects],
    };
  }
}
