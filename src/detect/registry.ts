import { autoencoder } from './autoencoder/autoencoder.js';
import type { DetectorKind } from './detector.js';
import { isolationForest } from './isolation-forest.js';
import { threshold } from './threshold.js';

/** Every kind of detector there is, by its `type`. */
export const DETECTORS: ReadonlyMap<string, DetectorKind> = new Map(
  [isolationForest, autoencoder, threshold].map((kind) => [kind.type, kind]),
);
