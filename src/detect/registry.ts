import { autoOf } from './auto.js';
import { autoencoder } from './autoencoder/autoencoder.js';
import type { DetectorKind } from './detector.js';
import { ecod } from './ecod/ecod.js';
import { ensembleOf } from './ensemble.js';
import { isolationForest } from './isolation-forest.js';
import { knn } from './knn/knn.js';
import { mahalanobis } from './mahalanobis/mahalanobis.js';
import { onnx } from './onnx/onnx.js';
import { robustZ } from './robust-z.js';
import { threshold } from './threshold.js';

/** Trained on rows alone: these may be members of an ensemble, and be chosen. */
const SINGLE = byType([isolationForest, knn, mahalanobis, ecod, robustZ, autoencoder]);

/** Every kind of detector there is, by its `type`. */
export const DETECTORS: ReadonlyMap<string, DetectorKind> = byType([
  ...SINGLE.values(),
  ensembleOf(SINGLE),
  autoOf(SINGLE),
  onnx,
  threshold,
]);

function byType(kinds: readonly DetectorKind[]): ReadonlyMap<string, DetectorKind> {
  return new Map(kinds.map((kind) => [kind.type, kind]));
}
