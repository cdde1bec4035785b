import { TrainingFault } from '../detector.js';
import {
  type Activation,
  type Network,
  LAYERS_MAX,
  PARAMETERS_MAX,
  WIDTH_MAX,
  networkOf,
  parameterCount,
} from './network.js';
import { type Tensor, readSafetensors } from './safetensors.js';

export interface ImportRules {
  readonly activation: Activation;
  /** Whether what an encoder gives goes through the activation before the decoder takes it. */
  readonly code: 'linear' | 'activated';
}

interface NamedLayer {
  /** What stands before the number in its Sequential: '', 'encoder', 'model.decoder'. */
  readonly prefix: string;
  /** Its number there; null for a layer that is no Sequential's. */
  readonly index: number | null;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
}

/**
 * Takes the dense layers of an autoencoder out of a safetensors file that has the names of PyTorch's `nn.Sequential`:
 * `0.weight` of [outputs, inputs], `0.bias`, `2.weight` …, on its own, under one prefix, or as `encoder` and
 * `decoder`. A number that is left out between two layers is the activation; behind the last layer there is none.
 * @param width number of features
 * @throws TrainingFault when the file is damaged, has other layers, or is not as wide as the features
 */
export function importNetwork(file: Uint8Array, width: number, { activation, code }: ImportRules): Network {
  const layers = inOrder(layersOf(readSafetensors(file)));
  if (layers.length > LAYERS_MAX)
    throw new TrainingFault(`${layers.length} layers; ${LAYERS_MAX} is the most`);
  const widths = [width];
  for (const { prefix, index, weight } of layers) {
    const [outputs = 0, inputs = 0] = weight.shape;
    const before = widths.at(-1) as number;
    if (inputs !== before) {
      const from = widths.length === 1 ? `there are ${before} features` : `the layer before gives ${before}`;
      throw new TrainingFault(`${nameOf(prefix, index)}.weight takes ${inputs} numbers; ${from}`);
    }
    if (outputs < 1 || outputs > WIDTH_MAX)
      throw new TrainingFault(
        `${nameOf(prefix, index)}.weight gives ${outputs} numbers; 1 to ${WIDTH_MAX} can be taken`,
      );
    widths.push(outputs);
  }
  if (widths.at(-1) !== width)
    throw new TrainingFault(
      `the last layer gives ${widths.at(-1) ?? 0} numbers; there are ${width} features`,
    );
  if (parameterCount(widths) > PARAMETERS_MAX)
    throw new TrainingFault(`${parameterCount(widths)} weights; ${PARAMETERS_MAX} is the most`);
  const activated = layers.slice(1).map((layer, n) => isActivated(layers[n] as NamedLayer, layer, code));
  const network = networkOf(widths, activation, activated, new Float64Array(parameterCount(widths)));
  for (const [n, { weight, bias }] of layers.entries()) {
    network.layers[n]?.weights.set(weight.values);
    if (bias !== null) network.layers[n]?.bias.set(bias.values);
  }
  return network;
}

/** Each as its weight's name says it. */
function layersOf(tensors: ReadonlyMap<string, Tensor>): NamedLayer[] {
  const layers: NamedLayer[] = [];
  for (const [name, weight] of tensors) {
    const { prefix, index, part } = nameParts(name);
    if (part === 'bias') {
      if (!tensors.has(`${nameOf(prefix, index)}.weight`))
        throw new TrainingFault(`'${name}' has no weight beside it`);
      continue;
    }
    if (weight.shape.length !== 2)
      throw new TrainingFault(`'${name}' has the shape [${weight.shape.join(', ')}], not [outputs, inputs]`);
    const bias = tensors.get(`${nameOf(prefix, index)}.bias`) ?? null;
    if (bias !== null && (bias.shape.length !== 1 || bias.shape[0] !== weight.shape[0]))
      throw new TrainingFault(
        `'${nameOf(prefix, index)}.bias' has the shape [${bias.shape.join(', ')}], not [${weight.shape[0] ?? ''}]`,
      );
    layers.push({ prefix, index, weight, bias });
  }
  if (layers.length === 0) throw new TrainingFault('there is no layer in the file');
  return layers;
}

const NAME = /^(?:(?<prefix>.+?)\.)??(?:(?<index>\d{1,6})\.)?(?<part>weight|bias)$/;

function nameParts(name: string): { prefix: string; index: number | null; part: string } {
  const { prefix = '', index, part } = NAME.exec(name)?.groups ?? {};
  const isPlain = index === undefined || String(Number(index)) === index;
  if (part === undefined || !isPlain || (index === undefined && roleOf(prefix) === null))
    throw new TrainingFault(
      `'${name}' is not of a dense layer in a Sequential: '0.weight', 'encoder.0.bias'`,
    );
  return { prefix, index: index === undefined ? null : Number(index), part };
}

function nameOf(prefix: string, index: number | null): string {
  return [prefix, index].filter((part) => part !== '' && part !== null).join('.');
}

type Role = 'encoder' | 'decoder';

function roleOf(prefix: string): Role | null {
  const last = prefix.slice(prefix.lastIndexOf('.') + 1);
  return last === 'encoder' || last === 'decoder' ? last : null;
}

/** One Sequential, or an encoder and a decoder beside each other. */
function inOrder(layers: readonly NamedLayer[]): NamedLayer[] {
  const prefixes = [...new Set(layers.map(({ prefix }) => prefix))].sort().reverse();
  const [first = '', second = '', ...others] = prefixes;
  const parts =
    prefixes.length === 1 ||
    (others.length === 0 &&
      roleOf(first) === 'encoder' &&
      roleOf(second) === 'decoder' &&
      first.slice(0, -'encoder'.length) === second.slice(0, -'decoder'.length));
  if (!parts)
    throw new TrainingFault(
      `the layers stand under ${prefixes.map((prefix) => `'${prefix}'`).join(', ')}: neither one Sequential nor an encoder and a decoder`,
    );
  const place = ({ prefix, index }: NamedLayer): number =>
    prefixes.indexOf(prefix) * 1_000_000 + (index ?? 0);
  return [...layers].sort((a, b) => place(a) - place(b));
}

function isActivated(layer: NamedLayer, next: NamedLayer, code: ImportRules['code']): boolean {
  if (layer.prefix !== next.prefix) return code === 'activated';
  return layer.index !== null && next.index !== null && next.index - layer.index > 1;
}
