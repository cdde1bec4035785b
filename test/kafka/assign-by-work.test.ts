/** Partitions are shared out by what there is to do of them, each to one member. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shareOut } from '../../src/kafka/assign-by-work.js';

test('every partition has one member, and no member has more than the fair share and one partition', () => {
  const work = fc.uniqueArray(fc.tuple(fc.nat(50), fc.nat(1000)), { selector: ([partition]) => partition });
  const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(work, members, (entries, names) => {
      const loads = new Map(entries);
      const shares = shareOut(loads, names);
      assert.deepEqual(shares, shareOut(new Map([...entries].reverse()), [...names].reverse()));
      const dealt = [...shares.values()].flat().sort((a, b) => a - b);
      assert.deepEqual(
        dealt,
        [...loads.keys()].sort((a, b) => a - b),
      );
      const total = [...loads.values()].reduce((sum, load) => sum + load, 0);
      const largest = Math.max(0, ...loads.values());
      for (const partitions of shares.values()) {
        const load = partitions.reduce((sum, partition) => sum + (loads.get(partition) ?? 0), 0);
        assert.ok(load <= total / names.length + largest, `${load} of ${total} for one of ${names.length}`);
      }
    }),
  );
});

test('partitions without work are dealt out evenly as well', () => {
  const shares = shareOut(new Map([0, 1, 2, 3].map((partition) => [partition, 0])), ['a', 'b']);
  assert.deepEqual(
    [...shares.values()].map(({ length }) => length),
    [2, 2],
  );
});
