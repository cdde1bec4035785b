import { existsSync } from 'node:fs';
import type { Config } from '../config/config.js';
import { isAddress, splitBrokers } from '../config/compile.js';
import { CONFIG_FILE_DEFAULT, loadConfig } from '../config/load.js';
import { UsageError } from '../errors.js';
import type { KafkaConfig } from '../kafka/client.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import { localKafka } from '../kafka/local-config.js';
import type { CliContext } from './context.js';

export interface Connection {
  readonly kafka: KafkaConfig;
  /** Null where there is no configuration file, and none was named. */
  readonly config: Config | null;
}

/** For commands that work with a configuration or, without one, with a broker's address alone. */
export function connectionFor(
  configFile: string,
  brokers: string | undefined,
  { environment }: CliContext,
): Connection {
  const wanted = configFile !== CONFIG_FILE_DEFAULT || existsSync(configFile);
  const environmentWithFlag =
    brokers === undefined ? environment : { ...environment, KAFKA_BROKERS: brokers };
  if (wanted) {
    const config = loadConfig(configFile, environmentWithFlag);
    allowBatchBytes(config.input.maxBatchBytes);
    return { kafka: config.kafka, config };
  }
  const listed = splitBrokers(environmentWithFlag.KAFKA_BROKERS ?? 'localhost:9092');
  const wrong = listed.find((text) => !isAddress(text));
  if (wrong !== undefined || listed.length === 0) {
    const where = brokers === undefined ? 'KAFKA_BROKERS' : '--brokers';
    throw new UsageError(`${where}: '${wrong ?? ''}' is not host:port`);
  }
  return { kafka: localKafka(listed), config: null };
}
