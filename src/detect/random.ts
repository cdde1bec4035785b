/**
 * A seeded source of uniform doubles in [0, 1) with 53 random bits: xoshiro128** (Blackman, Vigna 2018), its state
 * filled by splitmix32. The same seed gives the same numbers on every machine.
 */
export function seededRandom(seed: number): () => number {
  let mix = seed | 0;
  const next32 = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [next32(), next32(), next32(), next32() | 1];
  const word = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return () => ((word() >>> 5) * 67_108_864 + (word() >>> 6)) / 9_007_199_254_740_992;
}

/**
 * `count` different indices below `total`, drawn without replacement (all of them if there are no more): the shuffle of
 * Fisher and Yates, stopped after `count`, of which only what was moved is kept.
 */
export function drawIndices(total: number, count: number, random: () => number): Int32Array {
  const drawn = new Int32Array(Math.min(count, total));
  const moved = new Map<number, number>();
  for (let i = 0; i < drawn.length; i++) {
    const j = i + Math.floor(random() * (total - i));
    drawn[i] = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
  return drawn;
}
