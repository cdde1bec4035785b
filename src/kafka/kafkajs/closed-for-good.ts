/** The ways by which a producer of kafkajs 2.2.4 comes to its brokers. */
const WAYS = [
  'connect',
  'findBroker',
  'findGroupCoordinator',
  'refreshMetadata',
  'refreshMetadataIfNecessary',
] as const;

export type ClosableCluster = { disconnect(): Promise<void> } & Record<
  (typeof WAYS)[number],
  (...args: never[]) => Promise<unknown>
>;

/**
 * Keeps a cluster closed once it was. What waits in one of kafkajs's retries when a producer is disconnected goes on
 * afterwards, connects again, and asks: a producer that was given up would fence its own successor, and nobody would
 * close its connections.
 * @param closed what is thrown then
 */
export function keepClosed(cluster: ClosableCluster, closed: () => Error): void {
  const disconnect = cluster.disconnect.bind(cluster);
  let isClosed = false;
  cluster.disconnect = () => {
    isClosed = true;
    return disconnect();
  };
  for (const way of WAYS) {
    const go = cluster[way].bind(cluster);
    cluster[way] = async (...args) => {
      if (isClosed) throw closed();
      const found = await go(...args);
      if (!isClosed) return found;
      // Closed on the way: what was opened meanwhile as well.
      await disconnect();
      throw closed();
    };
  }
}
