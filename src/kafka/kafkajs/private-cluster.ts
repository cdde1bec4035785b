import type { Logger } from 'pino';
import { type KafkaConfig, createClient } from '../client.js';

/**
 * kafkajs's own view of a cluster, for questions that its admin does not ask. Whoever uses it says which part
 * of its inside that is.
 */
export function privateCluster(config: KafkaConfig, log: Logger): unknown {
  const kafka = createClient(config, 'admin', log);
  const key = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  if (key === undefined) throw new TypeError('this release of kafkajs is not the one that Outrider knows');
  const create = (kafka as unknown as Record<symbol, (options: object) => unknown>)[key] as (
    options: object,
  ) => unknown;
  return create({ metadataMaxAge: config.metadataMaxAgeMs, allowAutoTopicCreation: false });
}
