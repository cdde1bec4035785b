import { kafkaStreams } from './kafka-streams.js';
import { OUTRIDER } from './outrider.js';
import type { Peer } from './peer.js';
import { pythonPeer } from './python.js';

const BATCH = {
  script: 'batch_peer.py',
  requirements: 'requirements-batch.txt',
  packages: ['confluent-kafka', 'fastavro', 'scikit-learn'],
  eventsMax: Infinity,
} as const;

/** In the order of the report. */
export const PEERS: readonly Peer[] = [
  OUTRIDER,
  kafkaStreams(
    {
      name: 'kafka-streams',
      label: 'Kafka Streams, smile',
      about: 'every other setting at its default (commit.interval.ms 100)',
    },
    [],
  ),
  kafkaStreams(
    {
      name: 'kafka-streams-tuned',
      label: 'the same, tuned',
      about: 'commit.interval.ms 1000, max.poll.records 10000',
    },
    ['commit.interval.ms=1000', 'consumer.max.poll.records=10000'],
  ),
  pythonPeer({
    ...BATCH,
    name: 'python-batches',
    label: 'Python, scikit-learn',
    about: 'consume(10000), a transaction a batch with its offsets in it',
    hasOutput: true,
  }),
  pythonPeer({
    ...BATCH,
    name: 'python-batches-no-output',
    label: 'at least once, no output',
    about: 'consume(10000), no output, offsets committed a batch (at least once)',
    hasOutput: false,
  }),
  pythonPeer({
    name: 'quix-streams',
    label: 'Quix Streams, scikit-learn',
    about: 'exactly-once, event by event, commit_interval 0.2 s',
    script: 'quix_peer.py',
    requirements: 'requirements-quix.txt',
    packages: ['quixstreams', 'scikit-learn'],
    eventsMax: 2000,
    hasOutput: true,
  }),
];
