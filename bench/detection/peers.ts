import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { TrainOn } from '../../src/detect/evaluate.js';

const pair = z.tuple([z.number(), z.number()]);
const peersSchema = z.object({
  what: z.string().optional(),
  sets: z.record(
    z.string(),
    z.object({
      sameRows: z
        .object({ auroc: z.number(), aurocSd: z.number(), ap: z.number(), apSd: z.number() })
        .optional(),
      normalOnly: z.object({ forest: pair, knn: pair, rank: pair }).optional(),
    }),
  ),
});

export interface Figure {
  readonly mean: number;
  /** Over seeds; null where it is not given. */
  readonly sd: number | null;
}

/** Figures of others on the same sets. */
export interface Peers {
  /** Columns of a mode, in their order. */
  readonly names: Readonly<Record<TrainOn, readonly string[]>>;
  /** Null where there is none. */
  figure(name: string, set: string, trainOn: TrainOn, metric: 'auroc' | 'averagePrecision'): Figure | null;
}

const FOREST = 'scikit-learn forest';
const OF_NORMAL = new Map([
  [FOREST, 'forest'],
  ['scikit-learn knn', 'knn'],
  ['scikit-learn rank average', 'rank'],
] as const);

/** @throws ZodError when the file has another shape */
export function readPeers(file: string): Peers {
  const { sets } = peersSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return {
    names: { all: [FOREST], normal: [...OF_NORMAL.keys()] },
    figure(name, set, trainOn, metric) {
      if (trainOn === 'all') {
        const same = sets[set]?.sameRows;
        if (same === undefined || name !== FOREST) return null;
        return metric === 'auroc' ? { mean: same.auroc, sd: same.aurocSd } : { mean: same.ap, sd: same.apSd };
      }
      const key = OF_NORMAL.get(name as typeof FOREST);
      const found = key === undefined ? undefined : sets[set]?.normalOnly?.[key];
      return found === undefined ? null : { mean: found[metric === 'auroc' ? 0 : 1], sd: null };
    },
  };
}
