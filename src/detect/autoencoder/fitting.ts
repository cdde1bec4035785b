import type { Matrix } from '../detector.js';
import { drawIndices } from '../random.js';
import { Adam } from './adam.js';
import { addGradients } from './backpropagation.js';
import {
  type Activation,
  LANES,
  type Network,
  forward,
  lanesFor,
  networkOf,
  parameterCount,
} from './network.js';

export interface FittingOptions {
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** Most times that EPOCH_ROWS_MAX rows are gone through. */
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  /** Standard deviation of what is added to the inputs. */
  readonly noise: number;
}

export interface Fitted {
  readonly network: Network;
  /** Epochs gone through; the network is that of the best of them. */
  readonly epochs: number;
  /** Mean squared error of the held-out rows, rebuilt from noise. */
  readonly loss: number;
}

/** Rows of one epoch, drawn anew each time where there are more. */
export const EPOCH_ROWS_MAX = 1024;
/** Held-out rows that are looked at. */
const HELD_OUT_ROWS_MAX = 1024;
/** Epochs without a better loss on the held-out rows that end the fitting. */
export const PATIENCE_EPOCHS = 20;
/** Most rows × parameters of one network's fitting: a bound on its time that does not depend on the machine. */
export const WORK_MAX = 10_000_000_000;

/**
 * Fits a network to rebuild rows from themselves and noise (denoising: Vincent et al., "Extracting and Composing Robust
 * Features with Denoising Autoencoders", ICML 2008): with it, a network that is wider than its input does not just
 * copy it. Starts from He et al.'s weights (ICCV 2015, equation 10, uniform; larger than Glorot and Bengio's, AISTATS 2010,
 * equation 16, which found less here), goes down by Adam in
 * mini-batches, and keeps the parameters that were best on a held-out tenth of the rows. Made of operations that IEEE
 * 754 fixes: the same seed gives the same network on every machine.
 * @param inputs of bounded size; at least 2 rows
 */
export function fitNetwork(inputs: Matrix, options: FittingOptions, random: () => number): Fitted {
  const { rows, width } = inputs;
  const widths = [width, ...options.hidden, width];
  const network = initialised(widths, options.activation, random);
  const gradients = emptyNetwork(widths, options.activation);
  const adam = new Adam(network.parameters.length, options.learningRate);
  const shuffled = drawIndices(rows, rows, random);
  const tenth = Math.max(1, Math.floor(rows / 10));
  const heldOut = new NoisyRows(inputs, shuffled.slice(0, Math.min(tenth, HELD_OUT_ROWS_MAX)));
  heldOut.addNoise(options.noise, random);
  const fitted = shuffled.slice(tenth);
  const taken = Math.min(fitted.length, EPOCH_ROWS_MAX);
  const training = new NoisyRows(inputs, fitted.subarray(0, taken));
  const pass = new Pass(network);
  const epochsMax = Math.min(
    options.epochs,
    Math.max(1, Math.floor(WORK_MAX / (taken * network.parameters.length))),
  );

  const best = network.parameters.slice();
  let bestLoss = pass.loss(heldOut);
  let bestEpoch = 0;
  let epoch = 0;
  while (epoch < epochsMax && epoch - bestEpoch < PATIENCE_EPOCHS) {
    epoch++;
    shuffleInto(fitted, taken, random);
    training.addNoise(options.noise, random);
    for (let from = 0; from < taken; from += options.batchSize) {
      pass.gradient(training, from, Math.min(taken, from + options.batchSize), gradients);
      adam.step(network.parameters, gradients.parameters);
    }
    const loss = pass.loss(heldOut);
    if (!(loss < bestLoss)) continue;
    bestLoss = loss;
    bestEpoch = epoch;
    best.set(network.parameters);
  }
  network.parameters.set(best);
  return { network, epochs: epoch, loss: bestLoss };
}

function emptyNetwork(widths: readonly number[], activation: Activation): Network {
  const activated = widths.slice(1, -1).map(() => true);
  return networkOf(widths, activation, activated, new Float64Array(parameterCount(widths)));
}

function initialised(widths: readonly number[], activation: Activation, random: () => number): Network {
  const network = emptyNetwork(widths, activation);
  for (const { inputs, weights } of network.layers) {
    const bound = Math.sqrt(6 / inputs);
    for (let i = 0; i < weights.length; i++) weights[i] = bound * (2 * random() - 1);
  }
  return network;
}

/** Draws `count` of the indices to the front (Fisher, Yates). */
function shuffleInto(indices: Int32Array, count: number, random: () => number): void {
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (indices.length - i));
    const swapped = indices[i] as number;
    indices[i] = indices[j] as number;
    indices[j] = swapped;
  }
}

/** Width of a uniform distribution in its standard deviations. */
const UNIFORM_WIDTH = Math.sqrt(12);

/** Some rows of a matrix, and what noise makes of them. */
class NoisyRows {
  readonly noisy: Float64Array;

  constructor(
    readonly matrix: Matrix,
    readonly rows: Int32Array,
  ) {
    this.noisy = new Float64Array(rows.length * matrix.width);
  }

  /** Uniform, not Gaussian: a logarithm may differ between engines. */
  addNoise(deviation: number, random: () => number): void {
    const { noisy, rows } = this;
    const { values, width } = this.matrix;
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * width;
      for (let column = 0; column < width; column++)
        noisy[i * width + column] =
          (values[from + column] as number) + deviation * UNIFORM_WIDTH * (random() - 0.5);
    }
  }
}

/** Rows going through a network, forward and backward. */
class Pass {
  private readonly lanes: readonly Float64Array[];
  private readonly deltas: readonly Float64Array[];
  private readonly difference: Float64Array;

  constructor(private readonly network: Network) {
    this.lanes = lanesFor(network.widths);
    this.deltas = lanesFor(network.widths);
    this.difference = this.deltas.at(-1) as Float64Array;
  }

  /** Mean squared error of all the rows. */
  loss(data: NoisyRows): number {
    const { difference } = this;
    let sum = 0;
    for (let from = 0; from < data.rows.length; from += LANES) {
      this.compare(data, from, Math.min(LANES, data.rows.length - from));
      for (let i = 0; i < difference.length; i++) sum += (difference[i] as number) ** 2;
    }
    return sum / (data.rows.length * data.matrix.width);
  }

  /** Of half the squared error, averaged over the rows `from` to `to`. */
  gradient(data: NoisyRows, from: number, to: number, gradients: Network): void {
    const { difference } = this;
    gradients.parameters.fill(0);
    for (let at = from; at < to; at += LANES) {
      this.compare(data, at, Math.min(LANES, to - at));
      for (let i = 0; i < difference.length; i++) difference[i] = (difference[i] as number) / (to - from);
      addGradients(this.network, this.lanes, this.deltas, gradients);
    }
  }

  /** Output less target of up to LANES rows; 0 in the lanes behind them. */
  private compare({ matrix, rows, noisy }: NoisyRows, from: number, count: number): void {
    const { lanes, difference } = this;
    const { values, width } = matrix;
    const input = lanes[0] as Float64Array;
    const output = lanes[lanes.length - 1] as Float64Array;
    for (let lane = 0; lane < count; lane++)
      for (let i = 0; i < width; i++) input[i * LANES + lane] = noisy[(from + lane) * width + i] as number;
    forward(this.network, lanes);
    difference.fill(0);
    for (let lane = 0; lane < count; lane++) {
      const at = (rows[from + lane] as number) * width;
      for (let i = 0; i < width; i++)
        difference[i * LANES + lane] = (output[i * LANES + lane] as number) - (values[at + i] as number);
    }
  }
}
