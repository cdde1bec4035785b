import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { fetchOnce } from '../../src/local-broker/fetch-once.js';
import { type Peer, type Place, idOfJson } from './peer.js';
import { runTool } from './run-tool.js';

const SOURCES = join(packageRoot(), 'bench', 'peers', 'java');

/** Java's own choice for one core would be a quarter of the memory. */
const JVM = ['-Xms512m', '-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];

/** @param settings of Kafka Streams, beside exactly_once_v2 and one thread */
export function kafkaStreams(
  { name, label, about }: Pick<Peer, 'name' | 'label' | 'about'>,
  settings: readonly string[],
): Peer {
  return {
    name,
    label,
    about: `Kafka Streams ${versionOf('kafka-streams')}, exactly_once_v2, one thread, smile ${versionOf('smile-core')}, Avro's BinaryDecoder, ${about}`,
    eventsMax: Infinity,
    hasOutput: true,
    eventOf: idOfJson,
    setUp: async (place) => {
      const jars = await fetchJars(place);
      const classes = await compile(jars, place);
      const classPath = `${classes}:${join(jars, '*')}`;
      return ({ brokers, topic, output, group, trainingFile }) => ({
        command: 'java',
        args: [
          ...JVM,
          ...['-cp', classPath, 'StreamsPeer'],
          ...[
            brokers.join(','),
            topic,
            output,
            group,
            trainingFile,
            join(place.folder, 'streams'),
            ...settings,
          ],
        ],
      });
    },
  };
}

function versionOf(artifact: string): string {
  const pom = readFileSync(join(SOURCES, 'pom.xml'), 'utf8');
  return new RegExp(`<artifactId>${artifact}</artifactId>\\s*<version>([^<]+)<`).exec(pom)?.[1] ?? 'unknown';
}

async function fetchJars({ cache, say, signal }: Place): Promise<string> {
  const pom = join(SOURCES, 'pom.xml');
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  return fetchOnce(cache, `peer-java-${digest}`, async (folder) => {
    say('Fetching Kafka Streams and smile with Maven, once (about 100 MB) …');
    await runTool(
      'mvn',
      ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
      signal,
    );
  });
}

async function compile(jars: string, { folder, signal }: Place): Promise<string> {
  const classes = join(folder, 'classes');
  mkdirSync(classes, { recursive: true });
  const sources = readdirSync(SOURCES).filter((file) => file.endsWith('.java'));
  await runTool(
    'javac',
    ['-cp', join(jars, '*'), '-d', classes, ...sources.map((file) => join(SOURCES, file))],
    signal,
  );
  return classes;
}
