import type { DetectorKind } from './detector.js';
import { ecod } from './ecod/ecod.js';
import { isolationForest } from './isolation-forest.js';
import { mahalanobis } from './mahalanobis/mahalanobis.js';
import { robustZ } from './robust-z.js';
import { threshold } from './threshold.js';

/** Every kind of detector there is, by its `type`. */
export const DETECTORS: ReadonlyMap<string, DetectorKind> = new Map(
  [isolationForest, robustZ, mahalanobis, ecod, threshold].map((kind) => [kind.type, kind]),
);
