import type { Admin } from 'kafkajs';
import type { Logger } from 'pino';
import { createClient } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';

/** What the broker says of a group, asked for from outside: the same for whatever client is in it. */
export class GroupWatch implements AsyncDisposable {
  private readonly admin: Admin;

  constructor(brokers: readonly string[], log: Logger) {
    this.admin = createClient(localKafka(brokers), 'admin', log).admin();
  }

  async connect(): Promise<void> {
    await this.admin.connect();
  }

  /** Whether the group has settled with a member that was given its partitions. */
  async isAssigned(group: string): Promise<boolean> {
    return (await this.settledMembers(group)) > 0;
  }

  /** How many members the group has; 0 while partitions are being shared out. */
  async settledMembers(group: string): Promise<number> {
    const { groups } = await this.admin.describeGroups([group]);
    const [found] = groups;
    return found?.state === 'Stable' ? found.members.length : 0;
  }

  /** Where a group that has no members yet starts. */
  async startAt(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
    await this.admin.setOffsets({ groupId: group, topic, partitions });
  }

  /** By partition; 0 where nothing is committed. */
  async committed(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    const [found] = await this.admin.fetchOffsets({ groupId: group, topics: [topic] });
    return new Map(
      (found?.partitions ?? []).map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.disconnect();
  }
}
