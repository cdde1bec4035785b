import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addGradients } from '../../../src/detect/autoencoder/backpropagation.js';
import { expOfNegative, sigmoid, tanh } from '../../../src/detect/autoencoder/exponential.js';
import { PATIENCE_EPOCHS, fitNetwork } from '../../../src/detect/autoencoder/fitting.js';
import {
  ACTIVATIONS,
  LANES,
  type Network,
  forward,
  lanesFor,
  networkOf,
  parameterCount,
} from '../../../src/detect/autoencoder/network.js';
import { seededRandom } from '../../../src/detect/random.js';

/** @param rows at most LANES */
function outputs(network: Network, rows: readonly (readonly number[])[]): number[][] {
  const lanes = lanesFor(network.widths);
  for (const [lane, row] of rows.entries())
    for (const [i, value] of row.entries()) (lanes[0] as Float64Array)[i * LANES + lane] = value;
  forward(network, lanes);
  const last = lanes.at(-1) as Float64Array;
  return rows.map((_, lane) => [...last.filter((_value, i) => i % LANES === lane)]);
}

test('a forward pass gives what is computed by hand', () => {
  // Hidden: relu(1·x − 2·y + 0.5) and relu(−1·x + 1·y); outputs: 2·h − 1·g + 0.25 and 3·g.
  const parameters = Float64Array.of(1, -2, -1, 1, 0.5, 0, 2, -1, 0, 3, 0.25, 0);
  const relu = networkOf([2, 2, 2], 'relu', [true], parameters);
  assert.deepEqual(
    outputs(relu, [
      [3, 1],
      [1, 4],
      [0, 0],
    ]),
    [
      [3.25, 0],
      [-2.75, 9],
      [1.25, 0],
    ],
  );
  const leaky = networkOf([2, 2, 2], 'leaky-relu', [true], parameters);
  assert.deepEqual(outputs(leaky, [[3, 1]]), [[2 * 1.5 - 1 * (-2 * 0.01) + 0.25, 3 * (-2 * 0.01)]]);
  const linear = networkOf([2, 2, 2], 'relu', [false], parameters);
  assert.deepEqual(outputs(linear, [[3, 1]]), [[2 * 1.5 + 2 + 0.25, -6]]);
});

test('the exponential, tanh and sigmoid agree with those of the engine', () => {
  for (let x = -700; x <= 0; x += 0.137)
    assert.ok(Math.abs(expOfNegative(x) / Math.exp(x) - 1) < 1e-14, `exp ${x}`);
  for (let x = -40; x <= 40; x += 0.0137) {
    assert.ok(Math.abs(tanh(x) - Math.tanh(x)) < 1e-15, `tanh ${x}`);
    assert.ok(Math.abs(sigmoid(x) - 1 / (1 + Math.exp(-x))) < 1e-15, `sigmoid ${x}`);
  }
  assert.deepEqual([-1e308, 0, 1e308].map(tanh), [-1, 0, 1]);
  assert.deepEqual([-1e308, 0, 1e308].map(sigmoid), [0, 0.5, 1]);
});

test('backpropagation gives the gradient that finite differences give', () => {
  const widths = [3, 5, 4, 3];
  for (const activation of ACTIVATIONS) {
    const random = seededRandom(11);
    const parameters = Float64Array.from({ length: parameterCount(widths) }, () => random() - 0.5);
    // A layer without activation in between as well.
    const network = networkOf(widths, activation, [true, activation === 'tanh'], parameters);
    const lanes = lanesFor(widths);
    (lanes[0] as Float64Array).forEach((_, i, input) => (input[i] = 2 * random() - 1));
    const target = Float64Array.from({ length: 3 * LANES }, () => random());
    const loss = (): number => {
      forward(network, lanes);
      return (lanes[3] as Float64Array).reduce((sum, y, i) => sum + (y - (target[i] as number)) ** 2 / 2, 0);
    };
    const gradients = networkOf(widths, activation, [true, true], new Float64Array(parameters.length));
    loss();
    const deltas = lanesFor(widths);
    (deltas[3] as Float64Array).set((lanes[3] as Float64Array).map((y, i) => y - (target[i] as number)));
    addGradients(network, lanes, deltas, gradients);
    for (let i = 0; i < parameters.length; i++) {
      const at = parameters[i] as number;
      parameters[i] = at + 1e-6;
      const above = loss();
      parameters[i] = at - 1e-6;
      const below = loss();
      parameters[i] = at;
      const difference = (above - below) / 2e-6;
      const found = gradients.parameters[i] as number;
      assert.ok(Math.abs(found - difference) < 1e-7, `${activation} ${i}: ${found}, ${difference}`);
    }
  }
});

test('fitting ends when the held-out rows gain nothing, and gives the network that was best on them', () => {
  const random = seededRandom(5);
  const inputs = { values: Float64Array.from({ length: 60 * 3 }, () => random() - 0.5), rows: 60, width: 3 };
  const options = { hidden: [24], activation: 'tanh', learningRate: 0.01, batchSize: 8, noise: 0.2 } as const;
  const fit = (epochs: number): ReturnType<typeof fitNetwork> =>
    fitNetwork(inputs, { ...options, epochs }, seededRandom(1));
  const allowed = fit(5000);
  assert.ok(allowed.epochs < 1000, `${allowed.epochs} epochs`);
  assert.deepEqual(allowed, fit(10_000));
  assert.deepEqual(fit(allowed.epochs - PATIENCE_EPOCHS).network, allowed.network);
  const cut = fit(2);
  assert.equal(cut.epochs, 2);
  assert.ok(allowed.loss < cut.loss, `${allowed.loss} after more epochs than ${cut.loss}`);
});
