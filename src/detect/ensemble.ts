import { z } from 'zod';
import {
  type Detector,
  DetectorConfigFault,
  type DetectorKind,
  type DetectorOptions,
  type Explanation,
  type Learnt,
  type ModelArrays,
  ModelFault,
  type Trained,
  type TrainingInput,
} from './detector.js';

/** Most members of an ensemble. */
export const MEMBERS_MAX = 16;

/** The member's options beside its type, complete. */
export type MemberChoice = DetectorOptions & { readonly type: string };

/**
 * Several detectors as one: the mean of the members' scores, after each has been brought to one scale by its own
 * training scores (Aggarwal, Sathe, "Theoretical foundations and algorithms for outlier ensembles", SIGKDD Explorations
 * 2015, section 4): v = logit(score), z = (v − mean of v) / standard deviation of v. The mean z is brought to [0, 1] by
 * (1 + z / (1 + |z|)) / 2: 0.5 is as strange as the training rows are on the whole.
 *
 * @param kinds that may be members
 */
export function ensembleOf(kinds: ReadonlyMap<string, DetectorKind>): DetectorKind {
  const member = memberSchema(kinds);
  const options = z.strictObject({
    members: z
      .array(member)
      .min(2)
      .max(MEMBERS_MAX)
      .default(() => ['isolation-forest', 'knn'].map((type) => member.parse({ type }))),
    seed: z.number().int().min(0).max(4_294_967_295).default(0),
  });
  return {
    type: 'ensemble',
    options,
    imports: 'never',
    train: (input, signal) => {
      const { members, seed } = input.options as z.infer<typeof options>;
      return trainMembers(kinds, withSeeds(members, seed), input, signal);
    },
    create: (configured, features, learnt) =>
      createEnsemble(kinds, (configured as z.infer<typeof options>).members, features, learnt),
  };
}

/** A member is a type, or is written as a detector is, without model and threshold: `{type: knn, neighbours: 3}`. */
function memberSchema(kinds: ReadonlyMap<string, DetectorKind>): z.ZodType<MemberChoice> {
  const types = [...kinds.keys()] as [string, ...string[]];
  const member = z.looseObject({ type: z.enum(types) }).transform(({ type, ...options }, context) => {
    const { options: schema } = kinds.get(type) as DetectorKind;
    const parsed = schema.safeParse(options);
    if (parsed.success) return { type, ...parsed.data };
    // Which keys there are depends on the type: whoever reports the issue does not see them in the schema.
    const known = schema instanceof z.ZodObject ? ['type', ...Object.keys(schema.shape)] : ['type'];
    for (const issue of parsed.error.issues)
      context.addIssue({ ...issue, ...(issue.path.length === 0 ? { known } : {}) } as never);
    return z.NEVER;
  });
  return z.preprocess(
    (written) => (typeof written === 'string' ? { type: written } : written),
    member,
  ) as unknown as z.ZodType<MemberChoice>;
}

/** Each member that takes a seed and has none of its own gets the ensemble's. */
function withSeeds(members: readonly MemberChoice[], seed: number): MemberChoice[] {
  return members.map((member) => (member.seed === 0 ? { ...member, seed } : member));
}

async function trainMembers(
  kinds: ReadonlyMap<string, DetectorKind>,
  members: readonly MemberChoice[],
  input: TrainingInput,
  signal: AbortSignal,
): Promise<Trained> {
  const { data } = input;
  const columns = Array.from({ length: data.width }, (_, i) => String(i));
  const arrays: Record<string, ModelArrays[string]> = {};
  const facts: unknown[] = [];
  const notes: string[] = [];
  const mean = new Float64Array(members.length);
  const deviation = new Float64Array(members.length);
  const together = new Float64Array(data.rows);
  for (const [i, { type, ...options }] of members.entries()) {
    const kind = kinds.get(type) as DetectorKind;
    const trained = await trainMember(kind, i, { ...input, options }, signal);
    for (const [name, array] of Object.entries(trained.arrays)) arrays[`m${i}.${name}`] = array;
    facts.push(trained.facts ?? {});
    notes.push(...(trained.notes ?? []).map((note) => `${type}: ${note}`));
    const scores = await trainingScores(await kind.create(options, columns, trained), trained, data);
    const odds = scores.map(logit);
    const center = odds.reduce((sum, v) => sum + v / odds.length, 0);
    const spread = Math.sqrt(odds.reduce((sum, v) => sum + (v - center) ** 2 / odds.length, 0));
    mean[i] = center;
    deviation[i] = spread > 0 ? spread : 1;
    for (let row = 0; row < data.rows; row++)
      together[row] =
        (together[row] as number) +
        ((odds[row] as number) - center) / (deviation[i] as number) / members.length;
  }
  return {
    arrays: { ...arrays, mean, deviation },
    facts: { members: facts },
    trainingScores: together.map(unit),
    notes,
  };
}

async function trainMember(
  { train }: DetectorKind,
  index: number,
  input: TrainingInput,
  signal: AbortSignal,
): Promise<Trained> {
  try {
    return await (train as NonNullable<typeof train>)(input, signal);
  } catch (cause) {
    if (!(cause instanceof DetectorConfigFault)) throw cause;
    throw new DetectorConfigFault(['members', index, ...cause.key], cause.message);
  }
}

/** One score per training row: the member's own where it has them. */
async function trainingScores(
  detector: Detector,
  { trainingScores: given }: Trained,
  { values, rows }: { readonly values: Float64Array; readonly rows: number },
): Promise<Float64Array> {
  if (given !== undefined) return given;
  const scores = new Float64Array(rows);
  await detector.score(values, rows, scores);
  return scores;
}

async function createEnsemble(
  kinds: ReadonlyMap<string, DetectorKind>,
  members: readonly MemberChoice[],
  features: readonly string[],
  { arrays, facts }: Learnt,
): Promise<Detector> {
  const { mean, deviation } = arrays;
  const memberFacts = facts?.members;
  if (
    !isScale(mean, members.length) ||
    !isScale(deviation, members.length) ||
    !deviation.every((d) => d > 0) ||
    !Array.isArray(memberFacts) ||
    memberFacts.length !== members.length
  )
    throw new ModelFault(`the model was not trained with these ${members.length} members; train it again`);
  const detectors: Detector[] = [];
  for (const [i, { type, ...options }] of members.entries()) {
    const prefix = `m${i}.`;
    const own = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
    try {
      detectors.push(
        await (kinds.get(type) as DetectorKind).create(options, features, {
          arrays: Object.fromEntries(own.map(([name, array]) => [name.slice(prefix.length), array])),
          facts: memberFacts[i] as Record<string, unknown>,
        }),
      );
    } catch (cause) {
      if (!(cause instanceof ModelFault)) throw cause;
      throw new ModelFault(`member ${i + 1}, ${type}: ${cause.message}`, { cause });
    }
  }
  return new Ensemble(detectors, mean, deviation, features.length);
}

function isScale(array: ModelArrays[string] | undefined, length: number): array is Float64Array {
  return array instanceof Float64Array && array.length === length && array.every(Number.isFinite);
}

class Ensemble implements Detector {
  constructor(
    private readonly members: readonly Detector[],
    private readonly mean: Float64Array,
    private readonly deviation: Float64Array,
    private readonly width: number,
  ) {}

  async score(values: Float64Array, rows: number, scores: Float64Array): Promise<void> {
    const { members, mean, deviation } = this;
    const together = new Float64Array(rows);
    const own = new Float64Array(rows);
    for (const [i, member] of members.entries()) {
      await member.score(values, rows, own);
      const center = mean[i] as number;
      const spread = deviation[i] as number;
      for (let row = 0; row < rows; row++)
        together[row] =
          (together[row] as number) + (logit(own[row] as number) - center) / spread / members.length;
    }
    for (let row = 0; row < rows; row++) scores[row] = unit(together[row] as number);
  }

  /** The mean of the members' shares; expected is what the first member says that expects something. */
  async explain(values: Float64Array, rows: number): Promise<Explanation> {
    const contributions = new Float64Array(rows * this.width);
    let expected: Explanation['expected'] = null;
    for (const member of this.members) {
      const own = await member.explain(values, rows);
      for (let i = 0; i < contributions.length; i++)
        contributions[i] =
          (contributions[i] as number) + (own.contributions[i] as number) / this.members.length;
      expected ??= own.expected;
    }
    return { contributions, expected };
  }
}

/** Of what is nearer to 0 or 1 than a double can say, the logit is that of the nearest that it can. */
function logit(score: number): number {
  const inside = Math.min(1 - Number.EPSILON / 2, Math.max(Number.MIN_VALUE, score));
  return Math.log(inside) - Math.log1p(-inside);
}

function unit(z: number): number {
  return (1 + z / (1 + Math.abs(z))) / 2;
}
