import { z } from 'zod';
import { type DetectorKind, type DetectorOptions, ModelFault } from './detector.js';
import { masking } from './masking.js';

const options = z.strictObject({
  seed: z.number().int().min(0).max(4_294_967_295).default(0),
});

const chosenSchema = z.object({
  chosen: z.object({ type: z.string(), options: z.record(z.string(), z.unknown()) }),
  facts: z.record(z.string(), z.unknown()),
});

/**
 * From so many times as far on, the strange training rows are held to hide one another: twice as far takes them out of
 * any neighbourhood.
 */
export const MASKING_FROM = 1.35;

/**
 * Chooses a detector by the training data alone, without labels: distance to neighbours finds more than a forest as
 * long as the training data are what is normal, and much less when anomalies stand in them as neighbours of one
 * another. Which it is, `masking` says; the forest is taken where they hide, `knn` else.
 *
 * @param kinds that may be chosen
 */
export function autoOf(kinds: ReadonlyMap<string, DetectorKind>): DetectorKind {
  return {
    type: 'auto',
    options,
    imports: 'never',
    async train(input, signal) {
      const { seed } = input.options as z.infer<typeof options>;
      const times = await masking(input.data, seed, signal);
      const isMasked = times >= MASKING_FROM;
      const kind = kinds.get(isMasked ? 'isolation-forest' : 'knn') as DetectorKind;
      const chosen: DetectorOptions = kind.options.parse({ seed });
      const train = kind.train as NonNullable<typeof kind.train>;
      const { facts = {}, notes = [], ...trained } = await train({ ...input, options: chosen }, signal);
      const far = `without one another the strangest tenth of the training rows are ${times.toFixed(2)} times as far from their neighbours`;
      return {
        ...trained,
        facts: { chosen: { type: kind.type, options: chosen }, masking: times, facts },
        notes: [
          `chose ${kind.type}: ${far}, ${isMasked ? 'so they may be anomalies that hide one another' : 'so they do not hide one another'} (from ${MASKING_FROM} on they do)`,
          ...notes,
        ],
      };
    },
    create(_options, features, { arrays, facts }) {
      const parsed = chosenSchema.safeParse(facts);
      const kind = parsed.success ? kinds.get(parsed.data.chosen.type) : undefined;
      if (!parsed.success || kind === undefined)
        throw new ModelFault('the model does not say which detector was chosen');
      const chosen = kind.options.safeParse(parsed.data.chosen.options);
      if (!chosen.success) throw new ModelFault(`the options of the chosen ${kind.type} are not usable`);
      return kind.create(chosen.data, features, { arrays, facts: parsed.data.facts });
    },
  };
}
