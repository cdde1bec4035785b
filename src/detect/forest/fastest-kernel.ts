import type { ForestArrays } from './forest-arrays.js';
import type { PathLengthKernel } from './path-length-kernel.js';
import { referenceKernel } from './reference-kernel.js';
import { wasmKernel } from './wasm-kernel.js';
import { KernelUnavailable } from './wasm-memory.js';

export function fastestKernel(forest: ForestArrays, width: number): PathLengthKernel {
  return fastestOf(
    () => wasmKernel(forest, width),
    () => referenceKernel(forest, width),
  );
}

/** @returns the fastest kernel that can be had: WebAssembly may be switched off, or the forest too large for it */
export function fastestOf(fast: () => PathLengthKernel, slow: () => PathLengthKernel): PathLengthKernel {
  try {
    return fast();
  } catch (error) {
    if (!(error instanceof KernelUnavailable)) throw error;
    return { ...slow(), slowBecause: error.message };
  }
}
