import type { ReleaseLine } from './release-line.js';

/** A defect of Kafka's brokers that can break exactly-once. */
export interface BrokerDefect {
  readonly issue: string;
  readonly releases: ReleaseLine;
  /** A `fault` is met in normal operation; a `warning` only in some outages, or in some releases of the line. */
  readonly level: 'warning' | 'fault';
  readonly consequence: string;
  readonly remedy: string;
}

const KNOWN: readonly BrokerDefect[] = [
  {
    issue: 'KAFKA-17507',
    releases: 'before 3.9',
    level: 'fault',
    consequence: 'a committed offset can be read too old, and events be scored twice',
    remedy: 'run Kafka 4.0 to 4.2, or use delivery: at-least-once',
  },
  {
    // 3.9.0 has it, 3.9.1 does not; they cannot be told apart from outside.
    issue: 'KAFKA-17507',
    releases: '3.9',
    level: 'warning',
    consequence:
      'with 3.9.0 a committed offset can be read too old; with any 3.9 a commit marker that is written twice while offsets are loaded could count for a later transaction',
    remedy: 'run Kafka 4.0 to 4.2, or at least 3.9.1',
  },
  {
    // 4.3.0, 4.3.1 and 4.4.0 have it: https://github.com/apache/kafka/pull/22680 was open in June 2026.
    issue: 'KAFKA-20734',
    releases: '4.3 or later',
    level: 'warning',
    consequence:
      'while a partition has no leader its commit markers can be skipped, and an event come out twice or not at all',
    remedy:
      'run Kafka 4.0 to 4.2 or a release with the fix, with replication 3 and min.insync.replicas 2 so that partitions keep a leader',
  },
];

/** The known defects that a cluster has, each with the brokers that have it. */
export function defectsAmong(
  releases: ReadonlyMap<number, ReleaseLine>,
): readonly { readonly defect: BrokerDefect; readonly nodes: readonly number[] }[] {
  return KNOWN.map((defect) => ({
    defect,
    nodes: [...releases].filter(([, line]) => line === defect.releases).map(([node]) => node),
  })).filter(({ nodes }) => nodes.length > 0);
}
