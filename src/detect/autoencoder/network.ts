import { sigmoid, tanh } from './exponential.js';

/** Rows that are computed side by side: their numbers stand next to each other, so that one weight is read for all. */
export const LANES = 4;

export const ACTIVATIONS = ['tanh', 'relu', 'leaky-relu', 'sigmoid'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Slope of the leaky ReLU below 0, PyTorch's default. */
export const LEAK = 0.01;

/** Most numbers that a layer takes or gives, most layers, and most weights and biases of one network. */
export const WIDTH_MAX = 4096;
export const LAYERS_MAX = 16;
export const PARAMETERS_MAX = 4_194_304;

/** One dense layer: outputs × inputs weights, row-major, and a bias for each output. Views into the parameters. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  /** Whether the activation follows. */
  readonly activated: boolean;
}

/**
 * A dense network; its last layer is linear. It is made of operations that IEEE 754 fixes to the bit: the
 * same output on every machine.
 */
export interface Network {
  /** Of the input, of each hidden layer, of the output. */
  readonly widths: readonly number[];
  readonly activation: Activation;
  /** Of every layer in order: its weights, then its bias. */
  readonly parameters: Float64Array;
  readonly layers: readonly DenseLayer[];
}

/**
 * @param activated one for each layer but the last
 * @param parameters parameterCount(widths) numbers
 */
export function networkOf(
  widths: readonly number[],
  activation: Activation,
  activated: readonly boolean[],
  parameters: Float64Array,
): Network {
  const layers: DenseLayer[] = [];
  let at = 0;
  for (let n = 1; n < widths.length; n++) {
    const inputs = widths[n - 1] as number;
    const outputs = widths[n] as number;
    const weights = parameters.subarray(at, (at += inputs * outputs));
    const bias = parameters.subarray(at, (at += outputs));
    layers.push({ inputs, outputs, weights, bias, activated: activated[n - 1] ?? false });
  }
  return { widths, activation, parameters, layers };
}

/** Weights and biases of all layers. */
export function parameterCount(widths: readonly number[]): number {
  let count = 0;
  for (let n = 1; n < widths.length; n++) count += ((widths[n - 1] as number) + 1) * (widths[n] as number);
  return count;
}

/** Room for the output of every layer, LANES rows of it; the first is the input. */
export function lanesFor(widths: readonly number[]): Float64Array[] {
  return widths.map((width) => new Float64Array(width * LANES));
}

/**
 * Hot path. Computes LANES rows: number i of row r stands at i × LANES + r.
 * @param lanes from `lanesFor`, its first filled with the input; the others are written
 */
export function forward({ layers, activation }: Network, lanes: readonly Float64Array[]): void {
  for (let n = 0; n < layers.length; n++) {
    const layer = layers[n] as DenseLayer;
    const output = lanes[n + 1] as Float64Array;
    dense(layer, lanes[n] as Float64Array, output);
    if (layer.activated) activate(activation, output);
  }
}

/** y = W x + b, summed over the inputs in their order, whatever stands in the other lanes. */
function dense({ inputs, outputs, weights, bias }: DenseLayer, x: Float64Array, y: Float64Array): void {
  let w = 0;
  for (let o = 0; o < outputs; o++) {
    let y0 = bias[o] as number;
    let y1 = y0;
    let y2 = y0;
    let y3 = y0;
    for (let i = 0; i < inputs * LANES; i += LANES) {
      const weight = weights[w++] as number;
      y0 += weight * (x[i] as number);
      y1 += weight * (x[i + 1] as number);
      y2 += weight * (x[i + 2] as number);
      y3 += weight * (x[i + 3] as number);
    }
    const at = o * LANES;
    y[at] = y0;
    y[at + 1] = y1;
    y[at + 2] = y2;
    y[at + 3] = y3;
  }
}

function activate(activation: Activation, y: Float64Array): void {
  switch (activation) {
    case 'leaky-relu':
      for (let i = 0; i < y.length; i++) if ((y[i] as number) < 0) y[i] = (y[i] as number) * LEAK;
      return;
    case 'relu':
      for (let i = 0; i < y.length; i++) if ((y[i] as number) < 0) y[i] = 0;
      return;
    case 'tanh':
      for (let i = 0; i < y.length; i++) y[i] = tanh(y[i] as number);
      return;
    case 'sigmoid':
      for (let i = 0; i < y.length; i++) y[i] = sigmoid(y[i] as number);
  }
}
