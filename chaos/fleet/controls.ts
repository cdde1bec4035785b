/**
 * Negative controls: workers with a fault in their delivery that the suite has to find. They are made of Outrider's own
 * parts, with a port wrapped or replaced; nothing in `src` knows of them.
 */
import type { Logger } from 'pino';
import type { Config } from '../../src/config/config.js';
import type { WorkerPorts } from '../../src/fleet/worker.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import type { OutgoingRecord } from '../../src/model.js';
import type { CommitUnit, PartitionSink } from '../../src/ports.js';
import { OneEpochSink } from './one-epoch-sink.js';

export type Control = (own: WorkerPorts, config: Config, log: Logger) => WorkerPorts;

/** Steps 1 and 2 of the protocol swapped: the committed offset is read, and then the fence is made. */
const offsetBeforeFence: Control = (own, { group, input }) => ({
  ...own,
  sinkFor: (at) => {
    const sink = own.sinkFor(at);
    return {
      fence: async () => {
        const committed = await own.offsets.committed(group, input.topic);
        await sink.fence();
        return committed.get(at.partition) ?? null;
      },
      begin: () => sink.begin(),
      discard: () => sink.discard(),
    };
  },
});

/** A commit whose outcome is unknown is made again, records and all, and nobody asks what became of the first. */
const commitRetried: Control = (own) => ({
  ...own,
  sinkFor: (at) => {
    const sink = own.sinkFor(at);
    return { fence: () => sink.fence(), begin: () => retrying(sink), discard: () => sink.discard() };
  },
});

async function retrying(sink: PartitionSink): Promise<CommitUnit> {
  const unit = await sink.begin();
  const sent: [string, number, readonly OutgoingRecord[]][] = [];
  return {
    send: (topic, partition, records) => {
      sent.push([topic, partition, records]);
      return unit.send(topic, partition, records);
    },
    commit: async (nextOffset, metadata) => {
      try {
        await unit.commit(nextOffset, metadata);
      } catch {
        await sink.fence();
        const again = await sink.begin();
        for (const one of sent) await again.send(...one);
        await again.commit(nextOffset, metadata);
      }
    },
  };
}

/** The records go in a transaction, and the offset is committed after it. */
const offsetsOutside: Control = (own, { kafka, group }, log) => ({
  ...own,
  sinkFor: (at) => {
    // Its transactions commit the offsets of a group that nobody reads.
    const sink = new TransactionalSink({ kafka, group: `${group}.elsewhere`, input: at, log });
    return {
      fence: async () => {
        await sink.fence();
        return (await own.offsets.committed(group, at.topic)).get(at.partition) ?? null;
      },
      discard: () => sink.discard(),
      begin: async () => {
        const unit = await sink.begin();
        return {
          send: (...record) => unit.send(...record),
          commit: async (nextOffset, metadata) => {
            await unit.commit(nextOffset, metadata);
            await own.commitOffset(at, nextOffset, metadata);
          },
        };
      },
    };
  },
});

/** One epoch for all transactions of a producer: a marker of an earlier one counts for a later one. */
const oneEpoch: Control = (own, { kafka, group }) => ({
  ...own,
  sinkFor: (at) => new OneEpochSink(own.sinkFor(at), kafka, group, at),
});

export const CONTROLS = {
  'offset-before-fence': offsetBeforeFence,
  'commit-retried': commitRetried,
  'offsets-outside': offsetsOutside,
  'one-epoch': oneEpoch,
} as const;

export type ControlName = keyof typeof CONTROLS;
