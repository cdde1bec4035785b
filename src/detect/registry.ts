import type { DetectorKind } from './detector.js';
import { isolationForest } from './isolation-forest.js';
import { onnx } from './onnx/onnx.js';
import { threshold } from './threshold.js';

/** Every kind of detector there is, by its `type`. */
export const DETECTORS: ReadonlyMap<string, DetectorKind> = new Map(
  [isolationForest, onnx, threshold].map((kind) => [kind.type, kind]),
);
