/**
 * The process that `raw-fetch-kafkajs` measures: kafkajs as it comes from npm, with its own defaults and none of the
 * repairs, in a process that loads nothing else; eachBatch counts and does nothing more. What the loop is held against.
 */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import type { Sample, Task } from './scenarios.js';

const { brokers, topic, events } = JSON.parse(process.argv[2] ?? '{}') as Task;
const cpuBefore = process.cpuUsage();
const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `bench.${randomUUID()}` });
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
let counted = 0;
let first = 0;
let started = 0;
const seconds = await new Promise<number>((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  consumer
    .run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        // As in raw-fetch, the rate begins with the first batch: connecting and joining are not part of it.
        if (started === 0) [started, first] = [performance.now(), batch.messages.length];
        counted += batch.messages.length;
        if (counted === events) resolve((performance.now() - started) / 1000);
        return Promise.resolve();
      },
    })
    .catch(reject);
});
await consumer.disconnect();
const { user, system } = process.cpuUsage(cpuBefore);
const sample: Sample = {
  value: (counted - first) / seconds,
  cpuSeconds: (user + system) / 1e6,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
};
process.once('message', () => process.exit(0));
process.send?.(sample);
