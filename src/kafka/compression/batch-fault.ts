/** Why a record batch cannot be read. It is a fact of its partition; see kafkajs/record-sets.ts. */
export class BatchFault extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BatchFault';
  }
}

/** Decompressed it would take more than is allowed. */
export function tooLarge(bytesMax: number): BatchFault {
  return new BatchFault(`decompressed it takes more than input.maxBatchBytes (${bytesMax}) allows`);
}
