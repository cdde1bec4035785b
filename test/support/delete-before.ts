import kafkajs from 'kafkajs';
import type { Scenario } from './scenario.js';

/** Deletes the records of a partition that stand before an offset, as retention does in its own time. */
export async function deleteBefore(scenario: Scenario, partition: number, offset: number): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: scenario.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const topic = scenario.name;
  await admin.connect();
  try {
    // So that it knows the leaders.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
  } finally {
    await admin.disconnect();
  }
}
