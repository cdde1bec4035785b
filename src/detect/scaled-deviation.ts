/**
 * (value − centre) / scale, held within ±limit: finite also where the difference, or the quotient, is beyond what a
 * double holds.
 * @param value finite, as are `centre` and `scale`; `scale` is above 0
 */
export function scaledDeviation(value: number, centre: number, scale: number, limit: number): number {
  let deviation = (value - centre) / scale;
  // Only a difference that overflowed is worth a second division.
  if (deviation === Infinity || deviation === -Infinity) deviation = 2 * ((value / 2 - centre / 2) / scale);
  if (deviation > limit) return limit;
  return deviation < -limit ? -limit : deviation;
}
