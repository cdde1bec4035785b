import type { Judge } from '../detect/judge.js';
import { type KafkaAdmin, missingTopic } from '../kafka/admin.js';
import type { KafkaConfig } from '../kafka/client.js';
import type { OutputTopic } from '../publish/output-topic.js';
import type { Verdict } from '../publish/publisher.js';

/** Topics to be written to, as they are found. @throws MissingRemoteError that says how to create the first missing one */
export async function findTopics<Name extends string>(
  admin: KafkaAdmin,
  kafka: KafkaConfig,
  names: Readonly<Record<Name, string>>,
): Promise<Record<Name, OutputTopic>> {
  const entries = Object.entries(names) as [Name, string][];
  const counts = await admin.partitionCounts(entries.map(([, name]) => name));
  const found: [Name, OutputTopic][] = [];
  for (const [key, name] of entries) {
    const partitions = counts.get(name);
    if (partitions === undefined) throw missingTopic(name, kafka.brokers);
    found.push([key, { name, partitions, batchBytesMax: await admin.maxMessageBytes(name) }]);
  }
  return Object.fromEntries(found) as Record<Name, OutputTopic>;
}

/** What a publisher needs to know of who judges. */
export function verdictOf({ identity, threshold, features }: Judge): Verdict {
  return { identity, threshold, features };
}
