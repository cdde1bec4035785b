import { bytesAsText } from '../../bytes-as-text.js';
import type { EventDecoder } from '../../decode/event-decoder.js';
import type { SourceBatch } from '../../model.js';
import type { EventScorer } from '../../pipeline/scorer.js';
import type { ScoredRows } from '../../publish/publisher.js';
import { columnsOf } from '../../record-columns.js';

/**
 * Scores the events of one entity and passes the others over. An event that cannot be decoded is the entity's where its
 * key says so.
 */
export class EntityScorer implements EventScorer {
  constructor(
    private readonly entity: string,
    private readonly decoder: EventDecoder,
    private readonly own: EventScorer,
  ) {}

  get judge(): EventScorer['judge'] {
    return this.own.judge;
  }

  async score(batch: SourceBatch, signal: AbortSignal): Promise<ScoredRows> {
    const wanted = await this.indicesIn(batch, signal);
    return this.own.score(
      {
        ...batch,
        records: columnsOf(batch.records).pick(wanted),
        headersOf: (index) => batch.headersOf(wanted[index] ?? -1),
      },
      signal,
    );
  }

  private async indicesIn(batch: SourceBatch, signal: AbortSignal): Promise<number[]> {
    const { rows, source, entityOf, rejects } = await this.decoder.decode(batch, signal);
    const hasKey = (index: number): boolean => {
      const key = batch.records.at(index)?.key ?? null;
      return key !== null && bytesAsText(key) === this.entity;
    };
    const wanted = rejects.map(({ index }) => index).filter(hasKey);
    for (let row = 0; row < rows; row++) {
      const index = source[row] as number;
      if (entityOf === null ? hasKey(index) : entityOf(row) === this.entity) wanted.push(index);
    }
    return wanted.sort((a, b) => a - b);
  }
}
