import { createRequire } from 'node:module';
import { UnusableFileError } from '../../errors.js';

/** The package that runs the models. It is an optional peer: who uses no ONNX model does without its 290 MB. */
export const RUNTIME = 'onnxruntime-node';

const require = createRequire(import.meta.url);

/**
 * Where the package is: beside Outrider, in a folder above it, or in one of NODE_PATH; never the working directory's.
 * @returns the file to load
 * @throws UnusableFileError with the line that installs it
 */
export function resolveRuntime(): string {
  try {
    return require.resolve(RUNTIME);
  } catch (cause) {
    throw new UnusableFileError(
      `the detector 'onnx' needs the package ${RUNTIME}, which is not installed; where Outrider is installed: ` +
        `npm install --ignore-scripts ${RUNTIME}`,
      { cause },
    );
  }
}

/** What is used of onnxruntime-node 1.30. */
export interface Runtime {
  readonly InferenceSession: {
    create(
      bytes: Uint8Array,
      options: {
        readonly executionProviders: readonly string[];
        readonly intraOpNumThreads: number;
        readonly interOpNumThreads: number;
        readonly executionMode: 'sequential';
        /** 4: fatal. Errors come as exceptions; the runtime would write them to stderr besides. */
        readonly logSeverityLevel: number;
      },
    ): Promise<RuntimeSession>;
  };
  readonly Tensor: new (
    type: FloatType,
    data: Float32Array | Float64Array,
    dims: readonly number[],
  ) => Tensor;
}

export interface RuntimeSession {
  readonly inputMetadata?: readonly ValueInfo[];
  readonly outputMetadata?: readonly ValueInfo[];
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** An input or output as the model declares it: names stand for dimensions that are free, no dimension for any shape. */
export interface ValueInfo {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

export type FloatType = 'float32' | 'float64';

export interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown>;
}
