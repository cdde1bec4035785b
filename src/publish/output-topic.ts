/** An output topic as it was found. */
export interface OutputTopic {
  readonly name: string;
  readonly partitions: number;
  /** max.message.bytes */
  readonly batchBytesMax: number;
}
