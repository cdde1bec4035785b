import { type ModelArrays, ModelFault } from './detector.js';

/**
 * An array of a model, all finite, of the length that it has to have.
 * @param sign `positive`: each has to be above 0
 * @throws ModelFault
 */
export function modelDoubles(
  arrays: ModelArrays,
  name: string,
  length: number,
  sign: 'any' | 'positive' = 'any',
): Float64Array {
  const array = arrays[name];
  if (!(array instanceof Float64Array)) throw new ModelFault(`the array '${name}' is missing`);
  if (array.length !== length)
    throw new ModelFault(`the array '${name}' has ${array.length} numbers, not ${length}`);
  const at = array.findIndex((value) => !Number.isFinite(value) || (sign === 'positive' && value <= 0));
  if (at >= 0) throw new ModelFault(`the array '${name}' has ${array[at]} at ${at}`);
  return array;
}
