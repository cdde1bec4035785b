/**
 * Which broker took the offsets of a transaction. kafkajs keeps it to itself, and whoever reads offsets behind a barrier
 * has to ask that one; see offset-barrier.ts.
 */
export interface OffsetBroker {
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { partition: number }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { partition: number; offset: string; metadata: string | null }[];
    }[];
  }>;
}

interface Broker extends OffsetBroker {
  txnOffsetCommit(request: { readonly transactionalId: string }): Promise<unknown>;
}

/** By transactional id. */
const awaited = new Map<string, (broker: OffsetBroker) => void>();

/** @param load kafkajs's modules by path */
export function watchOffsetCommits(load: (path: string) => unknown): void {
  const { prototype } = load('kafkajs/src/broker') as { prototype: Broker };
  const { txnOffsetCommit } = prototype;
  prototype.txnOffsetCommit = async function (request) {
    const response = await txnOffsetCommit.call(this, request);
    awaited.get(request.transactionalId)?.(this);
    return response;
  };
}

/** Runs something that adds offsets to a transaction. @returns the broker that acknowledged them */
export async function whoTookOffsets(
  transactionalId: string,
  addOffsets: () => Promise<void>,
): Promise<OffsetBroker | null> {
  let took: OffsetBroker | null = null;
  awaited.set(transactionalId, (broker) => (took = broker));
  try {
    await addOffsets();
    return took;
  } finally {
    awaited.delete(transactionalId);
  }
}
