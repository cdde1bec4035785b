import { type Activation, type DenseLayer, LANES, LEAK, type Network } from './network.js';

/**
 * Adds the gradient of half the sum of squared errors of LANES rows to `gradients`, by backpropagation (Rumelhart,
 * Hinton, Williams 1986).
 * @param lanes as `forward` left them
 * @param deltas from `lanesFor`: the last holds output − target, 0 for a lane that does not count; the others are
 * written
 * @param gradients a network of the same shape, whose parameters are the sums
 */
export function addGradients(
  { layers, activation }: Network,
  lanes: readonly Float64Array[],
  deltas: readonly Float64Array[],
  gradients: Network,
): void {
  for (let n = layers.length - 1; n >= 0; n--) {
    const layer = layers[n] as DenseLayer;
    const input = lanes[n] as Float64Array;
    const above = deltas[n + 1] as Float64Array;
    addOuter(gradients.layers[n] as DenseLayer, input, above);
    if (n === 0) return;
    const below = deltas[n] as Float64Array;
    backward(layer, above, below);
    if (layers[n - 1]?.activated === true) timesSlope(activation, input, below);
  }
}

function addOuter(
  { inputs, outputs, weights, bias }: DenseLayer,
  x: Float64Array,
  delta: Float64Array,
): void {
  let w = 0;
  for (let o = 0; o < outputs; o++) {
    const d0 = delta[o * LANES] as number;
    const d1 = delta[o * LANES + 1] as number;
    const d2 = delta[o * LANES + 2] as number;
    const d3 = delta[o * LANES + 3] as number;
    bias[o] = (bias[o] as number) + (d0 + d1 + d2 + d3);
    for (let i = 0; i < inputs * LANES; i += LANES) {
      weights[w] =
        (weights[w] as number) +
        (d0 * (x[i] as number) +
          d1 * (x[i + 1] as number) +
          d2 * (x[i + 2] as number) +
          d3 * (x[i + 3] as number));
      w++;
    }
  }
}

/** below = Wᵀ above */
function backward({ inputs, outputs, weights }: DenseLayer, above: Float64Array, below: Float64Array): void {
  below.fill(0);
  let w = 0;
  for (let o = 0; o < outputs; o++) {
    const d0 = above[o * LANES] as number;
    const d1 = above[o * LANES + 1] as number;
    const d2 = above[o * LANES + 2] as number;
    const d3 = above[o * LANES + 3] as number;
    for (let i = 0; i < inputs * LANES; i += LANES) {
      const weight = weights[w++] as number;
      below[i] = (below[i] as number) + weight * d0;
      below[i + 1] = (below[i + 1] as number) + weight * d1;
      below[i + 2] = (below[i + 2] as number) + weight * d2;
      below[i + 3] = (below[i + 3] as number) + weight * d3;
    }
  }
}

/** Times the activation's derivative, which each of them gives from its own output. */
function timesSlope(activation: Activation, output: Float64Array, delta: Float64Array): void {
  for (let i = 0; i < delta.length; i++) {
    const y = output[i] as number;
    let slope: number;
    switch (activation) {
      case 'leaky-relu':
        slope = y < 0 ? LEAK : 1;
        break;
      case 'relu':
        slope = y > 0 ? 1 : 0;
        break;
      case 'tanh':
        slope = 1 - y * y;
        break;
      case 'sigmoid':
        slope = y * (1 - y);
    }
    delta[i] = (delta[i] as number) * slope;
  }
}
