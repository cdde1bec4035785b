/** Compresses and decompresses what stands behind the header of a record batch. */
export interface Codec {
  compress(plain: Buffer): Buffer | Promise<Buffer>;
  /**
   * Never allocates much more than bytesMax, whatever the bytes claim.
   * @param bytesMax the most that may come out
   * @throws anything, for bytes that are not whole or whose content is larger; a BatchFault where that is known
   */
  decompress(bytes: Buffer, bytesMax: number): Buffer | Promise<Buffer>;
}
