import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { KafkaConfig } from './client.js';
import { privateCluster } from './kafkajs/private-cluster.js';

/** The part of kafkajs that can speak for another member; its consumer only leaves for itself. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(question: { groupId: string }): Promise<{
    leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  }>;
}

/**
 * Takes a member that is known to be dead out of its group (LeaveGroup). Its session would otherwise hold up the next
 * rebalance, and with it the members that live. Nothing hangs on it: when it fails the session ends by itself, and a
 * member that turns out to be alive is fenced like any other.
 */
export async function dismissMember(
  config: KafkaConfig,
  group: string,
  memberId: string,
  log: Logger,
): Promise<void> {
  const cluster = privateCluster(config, log) as Cluster;
  try {
    try {
      await cluster.connect();
      const coordinator = await cluster.findGroupCoordinator({ groupId: group });
      await coordinator.leaveGroup({ groupId: group, memberId });
    } finally {
      await cluster.disconnect();
    }
    log.info({ group, memberId }, 'took the dead predecessor out of the group');
  } catch (error) {
    log.info(
      { group, memberId, reason: messageOf(error) },
      'could not take the dead predecessor out of the group: it has left, or its session ends by itself',
    );
  }
}
