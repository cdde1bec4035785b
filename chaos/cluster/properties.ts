/** Where one broker of the cluster listens and keeps its data. */
export interface BrokerLayout {
  readonly id: number;
  /** Clients come through the proxy, which is what the broker advertises. */
  readonly clientPort: number;
  readonly advertisedPort: number;
  readonly internalPort: number;
  readonly controllerPort: number;
  /** By node id, for the quorum. */
  readonly controllerPorts: readonly number[];
  readonly folder: string;
  readonly logFolders: readonly string[];
}

/**
 * A combined broker and controller of a cluster of three: everything with replication 3 and min.insync.replicas 2,
 * no unclean elections; the rest is Kafka's defaults, but for fewer partitions of the internal topics.
 */
export function brokerProperties(layout: BrokerLayout): string {
  const voters = layout.controllerPorts.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(',');
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': layout.id,
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: [
      `CLIENT://127.0.0.1:${layout.clientPort}`,
      `INTERNAL://127.0.0.1:${layout.internalPort}`,
      `CONTROLLER://127.0.0.1:${layout.controllerPort}`,
    ].join(','),
    'advertised.listeners': `CLIENT://127.0.0.1:${layout.advertisedPort},INTERNAL://127.0.0.1:${layout.internalPort}`,
    'log.dirs': layout.logFolders.join(','),
    'metadata.log.dir': layout.logFolders[0] ?? '',
    'default.replication.factor': 3,
    'min.insync.replicas': 2,
    'offsets.topic.replication.factor': 3,
    'offsets.topic.num.partitions': 6,
    'transaction.state.log.replication.factor': 3,
    'transaction.state.log.min.isr': 2,
    'transaction.state.log.num.partitions': 6,
    'share.coordinator.state.topic.replication.factor': 3,
    'share.coordinator.state.topic.min.isr': 2,
    'share.coordinator.state.topic.num.partitions': 1,
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.segment.bytes': 16_777_216,
    'log.index.size.max.bytes': 65_536,
    'log.cleaner.dedupe.buffer.size': 4_194_304,
  };
  return `${Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}
