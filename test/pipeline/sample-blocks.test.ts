/** Which offsets a sample of a topic reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OffsetRange } from '../../src/model.js';
import { BLOCK_OFFSETS, offsetsIn, sampleBlocks } from '../../src/pipeline/sample-blocks.js';

const range = fc
  .record({
    from: fc.integer({ min: 0, max: 2 ** 50 }),
    size: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 })),
  })
  .map(({ from, size }): OffsetRange => ({ from, to: from + size }));
const ranges = fc.array(range, { minLength: 1, maxLength: 8 }).map((list) => new Map(list.entries()));
const sample = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20_000 }));
const seed = fc.integer({ min: 0, max: 0xffff_ffff });

test('as many offsets as wanted, within the ranges, none twice, the same for the same seed', () => {
  fc.assert(
    fc.property(ranges, sample, seed, (given, wanted, drawnBy) => {
      const blocks = sampleBlocks(given, wanted, drawnBy);
      const all = offsetsIn(given.values());
      assert.equal(offsetsIn([...blocks.values()].flat()), Math.min(wanted, all));
      for (const [partition, list] of blocks) {
        const { from, to } = given.get(partition) as OffsetRange;
        let end = -1;
        for (const block of list) {
          assert.ok(block.from < block.to && block.from >= from && block.to <= to, 'within');
          assert.ok(block.from > end, 'rising, and what touches is one');
          end = block.to;
        }
      }
      const reversed = new Map([...given].reverse());
      assert.deepEqual([...sampleBlocks(reversed, wanted, drawnBy)], [...blocks], 'however they are listed');
    }),
    { numRuns: 500 },
  );
});

test('each partition gives its share, and each of its stretches a block', () => {
  fc.assert(
    fc.property(ranges, sample, seed, (given, wanted, drawnBy) => {
      const all = offsetsIn(given.values());
      fc.pre(wanted < all);
      const blocks = sampleBlocks(given, wanted, drawnBy);
      for (const [partition, { from, to }] of given) {
        const list = blocks.get(partition) ?? [];
        const drawn = offsetsIn(list);
        assert.ok(Math.abs(drawn - ((to - from) / all) * wanted) < 1.001, `${drawn} of ${to - from}`);
        const count = Math.ceil(drawn / BLOCK_OFFSETS);
        for (let index = 0; index < count; index++) {
          const stretch = {
            from: from + Math.floor(((to - from) / count) * index) - 2,
            to: from + Math.ceil(((to - from) / count) * (index + 1)) + 2,
          };
          const inside = list.map((block) => ({
            from: Math.max(block.from, stretch.from),
            to: Math.min(block.to, stretch.to),
          }));
          assert.ok(offsetsIn(inside) >= Math.floor(drawn / count), `stretch ${index} of ${count}`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('another seed draws other places, and over many seeds each place as often', () => {
  const given = new Map([[0, { from: 0, to: 10_000 }]]);
  const hits = new Float64Array(10);
  const firsts = new Set<number>();
  for (let drawnBy = 0; drawnBy < 4000; drawnBy++)
    for (const { from, to } of sampleBlocks(given, 500, drawnBy).get(0) ?? []) {
      if (from < 5000) firsts.add(from);
      for (let offset = from; offset < to; offset++) {
        const tenth = Math.floor(offset / 1000);
        hits[tenth] = (hits[tenth] as number) + 1;
      }
    }
  assert.ok(firsts.size > 300, `${firsts.size} first places`);
  // A block does not reach over the ends of its stretch, so that they come a little less often.
  for (const count of hits) assert.ok(Math.abs(count - 200_000) < 25_000, hits.join(' '));
});
