import type { PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from './kafkajs/repaired.js';

/**
 * Shares out only some of a topic's partitions, and evenly by what there is to do of each: the largest first, each to
 * the member that has least so far (longest processing time first; R. L. Graham, 1969). Members keep nothing from one
 * assignment to the next.
 * @param work by partition
 */
export function assignByWork(topic: string, work: ReadonlyMap<number, number>): PartitionAssigner {
  return () => ({
    name: 'OutriderByWork',
    version: VERSION,
    protocol: ({ topics }) => ({
      name: 'OutriderByWork',
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.alloc(0),
      }),
    }),
    assign: ({ members }) => {
      const shares = shareOut(
        work,
        members.map(({ memberId }) => memberId),
      );
      return Promise.resolve(
        [...shares].map(([memberId, partitions]) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version: VERSION,
            assignment: { [topic]: [...partitions] },
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
  });
}

const VERSION = 0;

/** @returns the partitions of each member; the same for the same members, in whatever order they are named */
export function shareOut(
  work: ReadonlyMap<number, number>,
  members: readonly string[],
): ReadonlyMap<string, readonly number[]> {
  const shares = [...members].sort().map((member) => ({ member, partitions: [] as number[], load: 0 }));
  const largestFirst = [...work].sort(([a, workA], [b, workB]) => workB - workA || a - b);
  for (const [partition, load] of largestFirst) {
    const share = shares.reduce((least, other) =>
      // Partitions without work cost something as well: they are not all one member's.
      other.load < least.load ||
      (other.load === least.load && other.partitions.length < least.partitions.length)
        ? other
        : least,
    );
    share.partitions.push(partition);
    share.load += load;
  }
  return new Map(shares.map(({ member, partitions }) => [member, partitions.sort((a, b) => a - b)]));
}
