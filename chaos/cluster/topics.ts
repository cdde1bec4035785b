import { pino } from 'pino';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { NAMES, OUTPUTS } from '../fleet/configuration.js';
import { comes } from '../waiting.js';

const log = pino({ level: 'silent' });

/** The input and both outputs, all with as many partitions. */
export async function createTopics(brokers: readonly string[], partitions: number): Promise<void> {
  await using admin = new KafkaAdmin(localKafka(brokers), log);
  await admin.createTopics([NAMES.input, ...OUTPUTS].map((topic) => ({ topic, partitions })));
}

/**
 * Waits until everything that is in the input now is committed, or the time for it is over.
 * @param committed the group's offsets by partition; asked of the brokers when left out
 * @returns whether it is
 */
export async function untilCommitted(
  brokers: readonly string[],
  limitMs: number,
  signal: AbortSignal,
  committed?: () => ReadonlyMap<number, number>,
): Promise<boolean> {
  await using admin = new KafkaAdmin(localKafka(brokers), log);
  const ends = await admin.ends(NAMES.input);
  const asked = async (): Promise<ReadonlyMap<number, number>> => {
    const found = await admin.committed(NAMES.group, NAMES.input);
    return new Map([...found].map(([partition, one]) => [partition, one?.offset ?? 0]));
  };
  return await comes(
    limitMs,
    async () => {
      const at = committed?.() ?? (await asked());
      return [...ends].every(([partition, end]) => (at.get(partition) ?? 0) >= end);
    },
    { pollMs: 250, signal },
  );
}
