import type { Matrix, ModelArrays } from '../detector.js';
import { seededRandom } from '../random.js';
import { autoencoderArrays } from './autoencoder-arrays.js';
import { type FittingOptions, fitNetwork } from './fitting.js';
import { columnScale, scaled } from './input-scale.js';
import { measureErrors } from './measure.js';
import { type Activation, networkOf } from './network.js';
import type { Reconstructor } from './reconstruction.js';

export interface LearningTask {
  readonly data: Matrix;
  readonly fitting: FittingOptions;
  readonly networks: number;
  readonly seed: number;
}

export interface MeasuringTask {
  readonly data: Matrix;
  readonly foreign: ForeignNetwork;
}

/** A network as a thread can be given it. */
export interface ForeignNetwork {
  readonly widths: readonly number[];
  readonly activation: Activation;
  readonly activated: readonly boolean[];
  readonly parameters: Float64Array;
  /** Whether its inputs are taken in standard deviations from the training mean, or as they are. */
  readonly isScaled: boolean;
}

export interface LearntNetworks {
  readonly arrays: ModelArrays;
  /** Of each network: the epochs it was fitted for, and its loss on the held-out rows. */
  readonly fits: readonly { readonly epochs: number; readonly loss: number }[];
}

/** Deviations from the mean beyond which a number grows logarithmically. */
const LIMIT = 5;
/**
 * Deviations beyond which a network is not shown how far off a number is. What it was never trained on it would rebuild
 * somehow, often well; shown less, it misses by the rest.
 */
const CLIP = 2;
/** Bound for the inputs of a network that was trained elsewhere, far enough from infinity to be multiplied. */
const FOREIGN_LIMIT = 1e100;
/** Least spread of errors that counts, of a feature's standard deviation. */
const SPREAD_MIN = 1e-3;

/** Fits networks on the rows' varying columns; constant ones are expected to stay as they are. */
export function learnNetworks({ data, fitting, networks, seed }: LearningTask): LearntNetworks {
  const { scale, constant } = columnScale(data, LIMIT);
  const varying = Int32Array.from([...constant.keys()].filter((column) => constant[column] === 0));
  const inputs = inputsOf(data, { scale, clip: CLIP, columns: varying, networks: [] });
  const random = seededRandom(seed);
  const fits = Array.from({ length: networks }, () => fitNetwork(inputs, fitting, random));
  const trained = measureErrors(
    { scale, clip: CLIP, columns: varying, networks: fits.map(({ network }) => network) },
    data,
    Float64Array.from(constant, (flag) => (flag === 1 ? 1 : SPREAD_MIN)),
  );
  return {
    arrays: autoencoderArrays(trained),
    fits: fits.map(({ epochs, loss }) => ({ epochs, loss })),
  };
}

/** Measures what a network that was trained elsewhere makes of the rows. */
export function measureForeign({ data, foreign }: MeasuringTask): LearntNetworks {
  const { widths, activation, activated, parameters, isScaled } = foreign;
  const { scale, constant } = columnScale(data, FOREIGN_LIMIT);
  const raw = { ...scale, center: scale.center.map(() => 0), unit: scale.unit.map(() => 1) };
  const taken = isScaled ? scale : raw;
  const trained = measureErrors(
    {
      scale: taken,
      clip: FOREIGN_LIMIT,
      columns: Int32Array.from({ length: data.width }, (_, column) => column),
      networks: [networkOf(widths, activation, activated, parameters)],
    },
    data,
    scale.unit.map(
      (unit, column) => ((constant[column] === 1 ? 1 : SPREAD_MIN) * unit) / (taken.unit[column] as number),
    ),
  );
  return { arrays: autoencoderArrays(trained), fits: [] };
}

function inputsOf({ values, rows, width }: Matrix, { scale, clip, columns }: Reconstructor): Matrix {
  const inputs = new Float64Array(rows * columns.length);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as number;
      const units = scaled(scale, column, values[row * width + column] as number);
      inputs[row * columns.length + i] = Math.max(-clip, Math.min(clip, units));
    }
  return { values: inputs, rows, width: columns.length };
}
