import { type ModelArrays, ModelFault } from '../detector.js';
import type { TrainedAutoencoder } from './autoencoder-detector.js';
import {
  ACTIVATIONS,
  LAYERS_MAX,
  type Network,
  PARAMETERS_MAX,
  WIDTH_MAX,
  networkOf,
  parameterCount,
} from './network.js';

/** Most networks of one detector. */
export const NETWORKS_MAX = 16;

/** As they stand in a model folder. */
export function autoencoderArrays(trained: TrainedAutoencoder): ModelArrays {
  const { scale, clip, columns, networks, spread, band, middle } = trained;
  const { widths, activation, layers } = networks[0] as Network;
  const parameters = new Float64Array(networks.length * parameterCount(widths));
  for (const [n, network] of networks.entries())
    parameters.set(network.parameters, n * network.parameters.length);
  return {
    widths: Int32Array.from(widths),
    activation: Int32Array.of(ACTIVATIONS.indexOf(activation)),
    activated: Uint8Array.from(layers.slice(0, -1), ({ activated }) => Number(activated)),
    parameters,
    columns,
    center: scale.center,
    unit: scale.unit,
    spread,
    band,
    bounds: Float64Array.of(scale.limit, clip, middle),
  };
}

/** @throws ModelFault when the arrays are not those of networks for so many features */
export function autoencoderFrom(arrays: ModelArrays, width: number): TrainedAutoencoder {
  const columns = arrayOf(arrays, 'columns', Int32Array);
  const rises = columns.every((column, i) => column > (i === 0 ? -1 : (columns[i - 1] as number)));
  if (columns.length === 0 || !rises || (columns.at(-1) as number) >= width)
    throw new ModelFault(`'columns' are not ascending below ${width}, the number of features`);
  const perFeature = (name: string, isRight: (value: number) => boolean): Float64Array =>
    doubles(arrays, name, width, isRight);
  const [limit, clip, middle] = doubles(arrays, 'bounds', 3, (value) => value > 0);
  return {
    scale: {
      center: perFeature('center', () => true),
      unit: perFeature('unit', (value) => value > 0),
      limit: limit as number,
    },
    clip: clip as number,
    columns,
    networks: networksFrom(arrays, columns.length),
    spread: perFeature('spread', (value) => value > 0),
    band: perFeature('band', (value) => value >= 0),
    middle: middle as number,
  };
}

function networksFrom(arrays: ModelArrays, features: number): Network[] {
  const widths = [...arrayOf(arrays, 'widths', Int32Array)];
  const fits = widths.length >= 2 && widths.length <= LAYERS_MAX + 1;
  if (!fits || !widths.every((width) => width >= 1 && width <= WIDTH_MAX))
    throw new ModelFault(`'widths' are not those of 1 to ${LAYERS_MAX} layers of 1 to ${WIDTH_MAX}`);
  if (widths[0] !== features || widths.at(-1) !== features)
    throw new ModelFault(
      `the network takes ${widths[0] ?? 0} numbers and gives ${widths.at(-1) ?? 0}, for ${features} columns`,
    );
  const activation = ACTIVATIONS[arrayOf(arrays, 'activation', Int32Array)[0] ?? -1];
  if (activation === undefined) throw new ModelFault("'activation' is none that there is");
  const activated = arrayOf(arrays, 'activated', Uint8Array);
  if (activated.length !== widths.length - 2)
    throw new ModelFault(`'activated' has ${activated.length} entries, not ${widths.length - 2}`);
  const each = parameterCount(widths);
  const parameters = arrayOf(arrays, 'parameters', Float64Array);
  const count = parameters.length / each;
  if (each > PARAMETERS_MAX || !Number.isInteger(count) || count < 1 || count > NETWORKS_MAX)
    throw new ModelFault(`${parameters.length} parameters are not those of networks of ${each}`);
  if (!parameters.every(Number.isFinite)) throw new ModelFault('a parameter is not finite');
  return Array.from({ length: count }, (_, n) =>
    networkOf(
      widths,
      activation,
      [...activated].map((flag) => flag !== 0),
      parameters.subarray(n * each, (n + 1) * each),
    ),
  );
}

function doubles(
  arrays: ModelArrays,
  name: string,
  length: number,
  isRight: (value: number) => boolean,
): Float64Array {
  const array = arrayOf(arrays, name, Float64Array);
  if (array.length !== length) throw new ModelFault(`'${name}' has ${array.length} numbers, not ${length}`);
  if (!array.every((value) => Number.isFinite(value) && isRight(value)))
    throw new ModelFault(`'${name}' has a number that it cannot have`);
  return array;
}

function arrayOf<A extends ModelArrays[string]>(
  arrays: ModelArrays,
  name: string,
  type: new (length: number) => A,
): A {
  const array = arrays[name];
  if (!(array instanceof type)) throw new ModelFault(`the array '${name}' is missing`);
  return array;
}
