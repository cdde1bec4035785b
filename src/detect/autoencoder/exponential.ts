/** ln 2 in two parts: the first has few enough bits that its multiples are exact. */
const LN2_HIGH = 0.69314718036912381649;
const LN2_LOW = 1.9082149292705877e-10;
const LN2_INVERSE = 1.4426950408889634;
/** Below it e^x is less than what a normal double holds. */
const LEAST = -708;
/** 2^-k for k from 0 up. */
const HALVES = Float64Array.from({ length: 1023 }, (_, k) => {
  let power = 1;
  for (let i = 0; i < k; i++) power /= 2;
  return power;
});

/**
 * Hot path. e^x for x at most 0, to within 2 units in the last place; the Taylor series after taking out powers of 2.
 * Math.exp is left to the engine by the language; this is made of operations that have the same bits on every machine.
 */
export function expOfNegative(x: number): number {
  if (x < LEAST) return 0;
  const k = (x * LN2_INVERSE - 0.5) | 0;
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1 / 6_227_020_800;
  sum = sum * r + 1 / 479_001_600;
  sum = sum * r + 1 / 39_916_800;
  sum = sum * r + 1 / 3_628_800;
  sum = sum * r + 1 / 362_880;
  sum = sum * r + 1 / 40_320;
  sum = sum * r + 1 / 5040;
  sum = sum * r + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 1 / 2;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return sum * (HALVES[-k] as number);
}

/** tanh x, to within 2^-51. */
export function tanh(x: number): number {
  const t = expOfNegative(-2 * Math.abs(x));
  const y = (1 - t) / (1 + t);
  return x < 0 ? -y : y;
}

/** 1 / (1 + e^-x), to within 2^-51. */
export function sigmoid(x: number): number {
  const t = expOfNegative(-Math.abs(x));
  return x < 0 ? t / (1 + t) : 1 / (1 + t);
}
