import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Detector, type DetectorKind, ModelFault, type Trained } from '../../src/detect/detector.js';
import { DETECTORS } from '../../src/detect/registry.js';
import { gaussian } from '../support/matrices.js';

const { signal } = new AbortController();
const ensemble = DETECTORS.get('ensemble') as DetectorKind;
const data = gaussian(800, 3);
const names = ['a', 'b', 'c'];

async function learn(members: readonly object[]): Promise<Trained> {
  const options = ensemble.options.parse({ members });
  return (ensemble.train as NonNullable<typeof ensemble.train>)({ data, options, imported: null }, signal);
}

async function trained(members: readonly object[]): Promise<Detector> {
  return ensemble.create(ensemble.options.parse({ members }), names, await learn(members));
}

async function scoresOf(detector: Detector): Promise<Float64Array> {
  const scores = new Float64Array(data.rows);
  await detector.score(data.values, data.rows, scores);
  return scores;
}

const ranks = (scores: Float64Array): number[] =>
  [...scores.keys()].sort((a, b) => (scores[a] as number) - (scores[b] as number));

test('two of the same rank as one of them does', async () => {
  const forest = { type: 'isolation-forest', seed: 3 };
  const twice = await scoresOf(await trained([forest, forest]));
  const kind = DETECTORS.get('isolation-forest') as DetectorKind;
  const options = kind.options.parse({ seed: 3 });
  const learnt = await (kind.train as NonNullable<typeof kind.train>)(
    { data, options, imported: null },
    signal,
  );
  assert.deepEqual(ranks(twice), ranks(await scoresOf(await kind.create(options, names, learnt))));
});

test('members count alike, whatever the range of their scores; the order of members does not matter', async () => {
  const [forest, near] = [{ type: 'isolation-forest', seed: 1 }, { type: 'knn' }];
  const one = await scoresOf(await trained([forest, near]));
  const other = await scoresOf(await trained([near, forest]));
  for (const [row, score] of one.entries()) assert.ok(Math.abs(score - (other[row] as number)) < 1e-12);
  const mean = one.reduce((sum, score) => sum + score / one.length, 0);
  assert.ok(Math.abs(mean - 0.5) < 0.1, `the training rows are 0.5 on the whole, not ${mean}`);
});

test('each member gets the seed of the ensemble unless it has one', async () => {
  const plain = { type: 'isolation-forest', trees: 5 };
  const own = { ...plain, seed: 9 };
  const train = async (seed: number, members: readonly object[]): Promise<Trained> => {
    const options = ensemble.options.parse({ members, seed });
    return (ensemble.train as NonNullable<typeof ensemble.train>)({ data, options, imported: null }, signal);
  };
  const [four, five] = [await train(4, [plain, own]), await train(5, [plain, own])];
  assert.notDeepEqual(four.arrays['m0.threshold'], five.arrays['m0.threshold']);
  assert.deepEqual(four.arrays['m1.threshold'], five.arrays['m1.threshold']);
});

test('what is wrong with a member is said where it stands', () => {
  for (const [members, path] of [
    [[{ type: 'knn' }, { type: 'knn', neighbours: 0 }], 'members.1.neighbours'],
    [[{ type: 'knn' }, { type: 'knn', neighbors: 3 }], 'members.1'],
    [[{ type: 'knn' }, { type: 'ensemble' }], 'members.1.type'],
    [[{ type: 'knn' }, { type: 'threshold', rules: [] }], 'members.1.type'],
    [[{ type: 'knn' }], 'members'],
  ] as const) {
    const parsed = ensemble.options.safeParse({ members });
    assert.equal(parsed.success, false);
    assert.equal(parsed.error?.issues[0]?.path.join('.'), path);
  }
});

test('a model of other members is refused, and a damaged member is named', async () => {
  const two = [{ type: 'isolation-forest' }, { type: 'knn' }];
  const learnt = await learn(two);
  const three = ensemble.options.parse({ members: [...two, { type: 'knn' }] });
  await assert.rejects(async () => ensemble.create(three, names, learnt), ModelFault);
  const arrays = { ...learnt.arrays, 'm1.scale': Float64Array.of(1, 0, 1) };
  await assert.rejects(
    async () => ensemble.create(ensemble.options.parse({ members: two }), names, { ...learnt, arrays }),
    /member 2, knn: the array 'scale' has 0 at 1/,
  );
});
