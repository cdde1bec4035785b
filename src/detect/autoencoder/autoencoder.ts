import { z } from 'zod';
import {
  DetectorConfigFault,
  type DetectorKind,
  type Trained,
  type TrainingInput,
  TrainingFault,
} from '../detector.js';
import { plural } from '../../plural.js';
import { trainInThread } from '../training-thread.js';
import { NETWORKS_MAX, autoencoderFrom } from './autoencoder-arrays.js';
import { AutoencoderDetector } from './autoencoder-detector.js';
import { importNetwork } from './imported-network.js';
import type { LearningTask, LearntNetworks, MeasuringTask } from './learning.js';
import { ACTIVATIONS, LAYERS_MAX, PARAMETERS_MAX, parameterCount } from './network.js';

/** Most neurons of a hidden layer. */
const HIDDEN_MAX = 1024;

const options = z.strictObject({
  /** Neurons of each hidden layer; without it two layers, see `hiddenFor`. */
  hidden: z
    .array(z.number().int().min(1).max(HIDDEN_MAX))
    .min(1)
    .max(LAYERS_MAX - 1)
    .optional(),
  activation: z.enum(ACTIVATIONS).default('tanh'),
  /** Networks whose errors are averaged. */
  networks: z.number().int().min(1).max(NETWORKS_MAX).default(3),
  epochs: z.number().int().min(1).max(10_000).default(60),
  learningRate: z.number().min(1e-6).max(1).default(0.003),
  batchSize: z.number().int().min(1).max(1024).default(32),
  /** Of the inputs while training, in their standard deviations. */
  noise: z.number().min(0).max(10).default(0.3),
  seed: z.number().int().min(0).max(4_294_967_295).default(0),
  /** Of an imported network: its inputs, and what is between its encoder and its decoder. */
  scale: z.enum(['training', 'none']).default('training'),
  code: z.enum(['linear', 'activated']).default('linear'),
});
type Options = z.infer<typeof options>;

/** What each way of coming to a network has no use for. */
const IMPORTED_ONLY = ['scale', 'code'] as const;
const TRAINED_ONLY = ['hidden', 'networks', 'epochs', 'learningRate', 'batchSize', 'noise'] as const;

/**
 * Autoencoders: dense networks that are trained to rebuild rows, and score them by how badly they do (Hawkins et al.,
 * "Outlier Detection Using Replicator Neural Networks", DaWaK 2002). They are denoising (`fitNetwork`) and wider than
 * the rows rather than narrower; the errors of a few, each from its own start, are averaged. Trained in a thread of its
 * own, reproducible for a seed; or imported from a safetensors file, and then only measured on the training rows.
 *
 * Own code: what is wanted of a library is a dozen lines of dense layer and its gradient, the same bits on every
 * machine, and no allocation a row. brain.js brings gpu.js, ml-fnn allocates matrices for each step, and both draw from
 * Math.random; @tensorflow/tfjs is several megabytes, and its sums depend on the backend.
 */
export const autoencoder: DetectorKind = {
  type: 'autoencoder',
  options,
  imports: 'optional',
  train,
  create: (_options, features, { arrays }) =>
    new AutoencoderDetector(autoencoderFrom(arrays, features.length), features.length),
};

async function train(
  { data, options: configured, imported }: TrainingInput,
  signal: AbortSignal,
): Promise<Trained> {
  const chosen = configured as Options;
  refuseUnused(chosen, imported !== null);
  const script = new URL('./autoencoder-thread.js', import.meta.url);
  if (imported === null) {
    const task = learningTask(data, chosen);
    const { arrays, fits } = await trainInThread<LearntNetworks>(script, task, signal);
    const widths = [data.width, ...task.fitting.hidden, data.width].join('-');
    const said = fits.map(({ epochs, loss }) => `${loss.toPrecision(3)} after ${epochs}`).join(', ');
    return {
      arrays,
      facts: { hidden: task.fitting.hidden, fits },
      notes: [`${plural(fits.length, 'network')} ${widths}; loss on held-out rows by epochs: ${said}`],
    };
  }
  const network = importNetwork(imported, data.width, chosen);
  const { widths, activation, layers, parameters } = network;
  const activated = layers.slice(0, -1).map((layer) => layer.activated);
  const isScaled = chosen.scale === 'training';
  const foreign = { widths, activation, activated, parameters, isScaled };
  const task: MeasuringTask = { data, foreign };
  const { arrays } = await trainInThread<LearntNetworks>(script, task, signal);
  if (!Object.values(arrays).every((array) => array.every(Number.isFinite)))
    throw new TrainingFault('what the network makes of the training rows is not finite');
  return { arrays, notes: [`a network ${widths.join('-')} was imported, and its errors measured`] };
}

/** An option that would do nothing is refused; one that has its default says nothing. */
function refuseUnused(chosen: Options, isImported: boolean): void {
  const defaults = options.parse({});
  const unused = (isImported ? TRAINED_ONLY : IMPORTED_ONLY).find((key) => chosen[key] !== defaults[key]);
  if (unused === undefined) return;
  throw new DetectorConfigFault(
    [unused],
    isImported
      ? 'is for a network that is trained here; one that is imported brings its own'
      : 'is for a network that is imported with --import',
  );
}

function learningTask(
  data: TrainingInput['data'],
  { hidden = hiddenFor(data.width), ...chosen }: Options,
): LearningTask {
  const parameters = parameterCount([data.width, ...hidden, data.width]);
  if (parameters > PARAMETERS_MAX)
    throw new TrainingFault(
      `layers of ${hidden.join(', ')} for ${data.width} features have ${parameters} weights; ${PARAMETERS_MAX} is the most`,
    );
  const { activation, epochs, learningRate, batchSize, noise, networks, seed } = chosen;
  return { data, fitting: { hidden, activation, epochs, learningRate, batchSize, noise }, networks, seed };
}

/** Two layers twice as wide as the rows, but 32 to 64. */
function hiddenFor(width: number): number[] {
  const neurons = Math.min(64, Math.max(32, 2 * width));
  return [neurons, neurons];
}
